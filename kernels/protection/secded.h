#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/law/philox.h"

// A (72, 64) code that corrects one error of a word and detects two: Hsiao, "A class of optimal
// minimum odd-weight-column SEC-DED codes", IBM J. Res. Dev. 14 (4), 1970.

namespace eden {

// Row i of the parity matrix: the data bits that check bit i is the parity of. The columns are all
// 56 of weight 3 and 8 of weight 5: distinct, odd, as few ones as there can be, 26 in each row.
struct Hsiao {
  static constexpr int kRows = 8;
  EDEN_HD static constexpr uint64_t row(int i) {
    constexpr uint64_t kRow[kRows] = {0xf1000000001fffff, 0xe300000fffe0003f, 0xc7003ff003e007c1,
                                      0x8f0fc0f03c207842, 0x1f71c711c4438884, 0x3eb65926488c9108,
                                      0x7cdaaa4a91152210, 0xf8ed348d221a4420};
    return kRow[i];
  }
};

EDEN_HD inline uint32_t parity(uint64_t word) {
  for (int shift = 32; shift > 0; shift /= 2) word ^= word >> shift;
  return static_cast<uint32_t>(word & 1);
}

EDEN_HD inline uint8_t check_bits(uint64_t word) {
  uint32_t check = 0;
  for (int i = 0; i < Hsiao::kRows; ++i) check |= parity(word & Hsiao::row(i)) << i;
  return static_cast<uint8_t>(check);
}

// What a decoder takes for one error it corrects, more of them too; it leaves what it detects.
enum class Outcome { kClean, kCorrected, kDetected };

// A word as the decoder hands it on. `stored` are the bits of it that exist: an error in another
// one, which reads as zero, is no single error.
EDEN_HD inline Outcome correct_word(uint64_t* word, uint8_t check, uint64_t stored) {
  const uint32_t syndrome = check_bits(*word) ^ uint32_t { check };
  if (syndrome == 0) return Outcome::kClean;
  if ((syndrome & (syndrome - 1)) == 0) return Outcome::kCorrected;  // a check bit alone
  uint64_t wrong = stored;  // the data bits that are checked by just these
  for (int i = 0; i < Hsiao::kRows; ++i) {
    const uint64_t row = Hsiao::row(i);
    wrong &= ((syndrome >> i) & 1) != 0 ? row : ~row;
  }
  *word ^= wrong;
  return wrong != 0 ? Outcome::kCorrected : Outcome::kDetected;
}

// The words of one copy of `size` bytes; what the last one lacks are zeros.
EDEN_HD inline int64_t secded_words(int64_t size) { return (size + 7) / 8; }

EDEN_HD inline int secded_part(int64_t size, int64_t word) {
  return size - 8 * word < 8 ? static_cast<int>(size - 8 * word) : 8;
}

EDEN_HD inline uint64_t secded_word(const uint8_t* bytes, int n) {
  uint64_t word = 0;
  if (n == 8) {  // most words: one load
    std::memcpy(&word, bytes, 8);
    return word;
  }
  for (int b = 0; b < n; ++b) word |= uint64_t{bytes[b]} << (8 * b);
  return word;
}

// Word w of the words of all copies: its check byte.
EDEN_HD inline void secded_check(const uint8_t* bytes, int64_t size, int64_t w, uint8_t* check) {
  const int64_t copy = w / secded_words(size), word = w % secded_words(size);
  check[w] = check_bits(secded_word(bytes + copy * size + 8 * word, secded_part(size, word)));
}

// The same word read back.
EDEN_HD inline Outcome secded_correct(const uint8_t* bytes, const uint8_t* check, int64_t size,
                                      int64_t w, uint8_t* out) {
  const int64_t copy = w / secded_words(size), word = w % secded_words(size);
  const int64_t at = copy * size + 8 * word;
  const int n = secded_part(size, word);
  uint64_t value = secded_word(bytes + at, n);
  const Outcome outcome = correct_word(&value, check[w], ~uint64_t{0} >> (64 - 8 * n));
  for (int b = 0; b < n; ++b) out[at + b] = static_cast<uint8_t>(value >> (8 * b));
  return outcome;
}

}  // namespace eden
