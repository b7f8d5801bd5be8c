#include "kernels/cpu/secded.h"

#include <array>

#include "kernels/cpu/parts.h"
#include "kernels/protection/secded.h"

namespace eden {
namespace {

// The check bits of each byte at each place in a word: those of a word are their sum modulo 2.
using Table = std::array<std::array<uint8_t, 256>, 8>;

const Table& table() {
  static const Table made = [] {
    Table of;
    for (size_t at = 0; at < 8; ++at) {
      for (uint64_t byte = 0; byte < 256; ++byte) of[at][byte] = check_bits(byte << (8 * at));
    }
    return of;
  }();
  return made;
}

uint8_t check_of(const Table& of, uint64_t word) {
  uint8_t check = 0;
  for (size_t at = 0; at < 8; ++at) check ^= of[at][(word >> (8 * at)) & 255];
  return check;
}

}  // namespace

void secded_check_cpu(const uint8_t* bytes, int64_t size, int64_t begin, int64_t end,
                      uint8_t* check) {
  const Table& of = table();
  for_parts(secded_words(size), begin, end, [&](int64_t copy, int64_t first, int64_t last) {
    const uint8_t* from = bytes + copy * size;
    uint8_t* to = check + copy * secded_words(size);
    for (int64_t w = first; w < last; ++w) {
      to[w] = check_of(of, secded_word(from + 8 * w, secded_part(size, w)));
    }
  });
}

void secded_correct_cpu(const uint8_t* bytes, const uint8_t* check, int64_t size, int64_t begin,
                        int64_t end, uint8_t* out, int64_t* counts) {
  const Table& of = table();
  for_parts(secded_words(size), begin, end, [&](int64_t copy, int64_t first, int64_t last) {
    const uint8_t* from = bytes + copy * size;
    const int64_t words = copy * secded_words(size);
    for (int64_t w = first; w < last; ++w) {
      const int n = secded_part(size, w);
      if (check_of(of, secded_word(from + 8 * w, n)) == check[words + w]) {
        std::memcpy(out + copy * size + 8 * w, from + 8 * w, static_cast<size_t>(n));
        continue;
      }
      const Outcome outcome = secded_correct(bytes, check, size, words + w, out);
      ++counts[outcome == Outcome::kDetected];
    }
  });
}

}  // namespace eden
