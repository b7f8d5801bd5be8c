#pragma once

#include <cstdint>

#if defined(_MSC_VER) && !defined(__clang__)
#error "eden is built by GCC or Clang, on Linux or macOS: MSVC is not supported"
#endif

// Marks what CUDA code may call as well. The one macro of this project.
#if defined(__CUDACC__)
#define EDEN_HD __host__ __device__
#else
#define EDEN_HD
#endif

namespace eden {

// One block of Philox output: four independent 32-bit words.
struct PhiloxBlock {
  uint32_t word[4];

  // The block read as two 64-bit numbers, least significant word first.
  EDEN_HD constexpr uint64_t number(int half) const {
    return word[2 * half] | (static_cast<uint64_t>(word[2 * half + 1]) << 32);
  }
};

// What a random number is for. Part of the counter, so that no two uses under one key can meet.
enum class Purpose : uint32_t {
  kPoints = 1,         // counts and points of a rung
  kBitlinePoints = 2,  // the same in the rank space of bitlines
  kDense = 3,          // planes that decide weakness in the dense rung
  kAccess = 4,         // planes that decide whether a weak cell fails at this access
  kFold = 5,           // fold_in, fold_access
  kSeed = 6,           // key(seed)
};

// All 64 bits of a product.
EDEN_HD constexpr uint64_t wide_product(uint32_t a, uint32_t b) {
#if defined(__CUDA_ARCH__)
  // nvcc makes the line below a product of 64-bit numbers, a third more instructions.
  if (!__builtin_is_constant_evaluated()) {
    return (static_cast<uint64_t>(__umulhi(a, b)) << 32) | (a * b);
  }
#endif
  return uint64_t{a} * b;
}

// The keys of the ten rounds, for many blocks under one key.
struct PhiloxKeys {
  uint32_t low[10], high[10];

  EDEN_HD constexpr explicit PhiloxKeys(uint64_t key) : low{}, high{} {
    for (uint32_t round = 0; round < 10; ++round) {
      low[round] = static_cast<uint32_t>(key) + round * 0x9E3779B9u;
      high[round] = static_cast<uint32_t>(key >> 32) + round * 0xBB67AE85u;
    }
  }
};

// Philox4x32-10 (Salmon et al., SC'11): a bijection of the 128-bit counter under a 64-bit key.
EDEN_HD constexpr PhiloxBlock philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3,
                                         const PhiloxKeys& keys) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = wide_product(0xD2511F53u, c0);
    const uint64_t p1 = wide_product(0xCD9E8D57u, c2);
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ keys.low[round];
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ keys.high[round];
    c3 = static_cast<uint32_t>(p0);
  }
  return {{c0, c1, c2, c3}};
}
EDEN_HD constexpr PhiloxBlock philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3,
                                         uint64_t key) {
  return philox4x32(c0, c1, c2, c3, PhiloxKeys(key));
}

// Counter of the project: where (segment, group or data), what for, and which block of it.
template <class Key>  // uint64_t or PhiloxKeys
EDEN_HD constexpr PhiloxBlock random_block(const Key& key, uint64_t unit, Purpose purpose,
                                           uint32_t rung, uint32_t interval, uint32_t index) {
  return philox4x32(static_cast<uint32_t>(unit), static_cast<uint32_t>(unit >> 32),
                    static_cast<uint32_t>(purpose) | (rung << 8) | (interval << 16), index, key);
}

// The 64-bit key derived from `key` for `data`.
EDEN_HD constexpr uint64_t fold(uint64_t key, uint64_t data) {
  return random_block(key, data, Purpose::kFold, 0, 0, 0).number(0);
}

// A known-answer vector of Random123 (philox 4x32 10); tests/vectors holds all three.
static_assert(philox4x32(0, 0, 0, 0, 0).word[0] == 0x6627e8d5u &&
              philox4x32(0, 0, 0, 0, 0).word[1] == 0xe169c58du &&
              philox4x32(0, 0, 0, 0, 0).word[2] == 0xbc57ac4cu &&
              philox4x32(0, 0, 0, 0, 0).word[3] == 0x9b00dbd8u);

}  // namespace eden
