#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/cpu/weak/draw.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#include "kernels/cpu/weak/draw_loops.h"

namespace eden {
namespace {

struct Avx2 {
  using V = __m256i;
  static constexpr int kLanes = 4;
  static constexpr int kInFlight = 4;

  static V all(uint64_t x) { return _mm256_set1_epi64x(static_cast<long long>(x)); }
  static V all_words(uint32_t x) { return _mm256_set1_epi32(static_cast<int>(x)); }
  static V load(const uint32_t* from) {
    return _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static V load(const uint16_t* from) {
    return _mm256_cvtepu16_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
  }
  static V sum(V a, V b) { return _mm256_add_epi64(a, b); }
  static V product(V a, V b) { return _mm256_mul_epu32(a, b); }
  static V high_half(V a) { return _mm256_srli_epi64(a, 32); }
  static V either_of_three(V a, V b, V c) { return _mm256_xor_si256(a, _mm256_xor_si256(b, c)); }
  // What is open where a threshold and a number differ is decided: below where the threshold is 1.
  static void decide(V threshold, V drawn, V* open, V* below) {
    const V differ = _mm256_xor_si256(threshold, drawn);
    *below = _mm256_or_si256(*below, _mm256_and_si256(_mm256_and_si256(*open, differ), threshold));
    *open = _mm256_andnot_si256(differ, *open);
  }
  static void store_words(V x, uint32_t* to) {
    const V low_halves = _mm256_permutevar8x32_epi32(x, _mm256_set_epi32(7, 5, 3, 1, 6, 4, 2, 0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(low_halves));
  }
  // The blocks' numbers one after the other.
  static void store(const Blocks<Avx2>& c, uint64_t* numbers) {
    const V even = _mm256_blend_epi32(c.c0, _mm256_slli_epi64(c.c1, 32), 0xAA);
    const V odd = _mm256_blend_epi32(c.c2, _mm256_slli_epi64(c.c3, 32), 0xAA);
    const V low = _mm256_unpacklo_epi64(even, odd);   // blocks 0 and 2
    const V high = _mm256_unpackhi_epi64(even, odd);  // blocks 1 and 3
    auto* to = reinterpret_cast<V*>(numbers);
    _mm256_storeu_si256(to, _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(low, high, 0x31));
  }
};

}  // namespace

constexpr Draw kDrawAvx2{blocks_of<Avx2>, compare<Avx2>, keep_open_portable, locate_portable};

}  // namespace eden

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
