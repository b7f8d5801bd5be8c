#pragma once

#include <cstdint>
#include <utility>

#include "kernels/law/philox.h"

namespace eden {

// What one thread loads or stores at once: the widest access there is.
struct alignas(16) Vector {
  uint32_t word[4];
};

// f(0), f(1), ..., f(n - 1), written out: what indexes an array by such a number
// stays in registers.
template <class F, int... i>
EDEN_HD inline void unroll(std::integer_sequence<int, i...>, F f) {
  (f(i), ...);
}
template <int n, class F>
EDEN_HD inline void unroll(F f) {
  unroll(std::make_integer_sequence<int, n>{}, f);
}

// Element j of a vector of 16 / sizeof(Raw).
template <class Raw>
EDEN_HD inline uint32_t part_of(const Vector& v, int j) {
  constexpr int kEach = 4 / static_cast<int>(sizeof(Raw));
  return static_cast<Raw>(v.word[j / kEach] >> (j % kEach * 8 * static_cast<int>(sizeof(Raw))));
}

// Sets element j, which is still 0.
template <class Raw>
EDEN_HD inline void put_part(Vector* v, int j, uint32_t raw) {
  constexpr int kEach = 4 / static_cast<int>(sizeof(Raw));
  v->word[j / kEach] |= raw << (j % kEach * 8 * static_cast<int>(sizeof(Raw)));
}

// Bits of a mask that belong to one vector.
template <int bits>
struct MaskBits {
  uint32_t word[(bits + 31) / 32];

  // `width` bits from bit `begin`; they do not straddle words.
  EDEN_HD uint32_t field(int begin, int width) const {
    const uint32_t shifted = word[begin / 32] >> (begin % 32);
    return width == 32 ? shifted : shifted & ((uint32_t{1} << width) - 1);
  }
};

// Bits [begin, begin + bits) of a 16-byte aligned mask, which has a word to spare at its end.
template <int bits>
EDEN_HD inline MaskBits<bits> mask_bits(const uint32_t* mask, int begin) {
  MaskBits<bits> found;
  const uint32_t* from = mask + begin / 32;
  if (bits == 128 && begin % 128 == 0) {
    // The usual case, one access: a load of 4 words by each thread meets bank conflicts.
    const Vector aligned = *reinterpret_cast<const Vector*>(from);
    unroll<(bits + 31) / 32>([&](int j) { found.word[j] = aligned.word[j % 4]; });
    return found;
  }
  unroll<(bits + 31) / 32>([&](int j) {
    const uint64_t both = from[j] | (static_cast<uint64_t>(from[j + 1]) << 32);
    found.word[j] = static_cast<uint32_t>(both >> (begin % 32));
  });
  return found;
}

// Keys for many blocks of random numbers: made once, and not again for each.
template <class Block>
EDEN_HD inline PhiloxKeys held_keys(uint64_t key) {
  PhiloxKeys keys(key);
  unroll<10>([&](int round) {
    Block::hold(keys.low[round]);
    Block::hold(keys.high[round]);
  });
  return keys;
}

}  // namespace eden
