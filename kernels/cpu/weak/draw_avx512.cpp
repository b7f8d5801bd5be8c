#if defined(__x86_64__)

// GCC 12's own header reads variables on purpose before they are set.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <immintrin.h>

#include "kernels/cpu/weak/draw.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")
#endif

#include "kernels/cpu/weak/draw_loops.h"

namespace eden {
namespace {

struct Avx512 {
  using V = __m512i;
  static constexpr int kLanes = 8;
  static constexpr int kInFlight = 6;

  static V all(uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
  static V all_words(uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); }
  static V load(const uint32_t* from) {
    return _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static V load(const uint16_t* from) {
    return _mm512_cvtepu16_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static V sum(V a, V b) { return _mm512_add_epi64(a, b); }
  static V product(V a, V b) { return _mm512_mul_epu32(a, b); }
  static V high_half(V a) { return _mm512_srli_epi64(a, 32); }
  static V either_of_three(V a, V b, V c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
  static void decide(V threshold, V drawn, V* open, V* below) {
    // open & threshold & ~drawn, and open & ~(threshold ^ drawn).
    *below = _mm512_or_si512(*below, _mm512_ternarylogic_epi64(*open, threshold, drawn, 0x40));
    *open = _mm512_ternarylogic_epi64(*open, threshold, drawn, 0x90);
  }
  static void store_words(V x, uint32_t* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi64_epi32(x));
  }
  // The blocks' numbers one after the other.
  static void store(const Blocks<Avx512>& c, uint64_t* numbers) {
    const V even = _mm512_mask_blend_epi32(0xAAAA, c.c0, _mm512_slli_epi64(c.c1, 32));
    const V odd = _mm512_mask_blend_epi32(0xAAAA, c.c2, _mm512_slli_epi64(c.c3, 32));
    const V low = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
    const V high = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    _mm512_storeu_si512(numbers, _mm512_permutex2var_epi64(even, low, odd));
    _mm512_storeu_si512(numbers + 8, _mm512_permutex2var_epi64(even, high, odd));
  }
};

// The list is read up to 15 places past its end; what lies there is not kept.
int keep_open(int n, const uint32_t* open, uint16_t* kept) {
  using V = __m512i;
  const V step = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  int count = 0;
  for (int i = 0; i < n; i += 16) {
    const auto there = static_cast<__mmask16>((uint32_t{1} << (n - i < 16 ? n - i : 16)) - 1);
    const V lanes = _mm512_loadu_si512(open + i);
    const V number = _mm512_add_epi32(_mm512_set1_epi32(i), step);
    const __mmask16 keep = _mm512_mask_test_epi32_mask(there, lanes, lanes);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(kept + count),
                        _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(keep, number)));
    count += __builtin_popcount(keep);
  }
  return count;
}

bool locate(const BitlineCells& among, const uint64_t* numbers, const StreamCode* codes, int n,
            PointCell* cells) {
  using V = __m512i;
  const auto all = Avx512::all;
  const auto columns_log2 = static_cast<uint64_t>(among.columns_log2);
  __mmask8 equal = 0;
  for (int i = 0; i < n; i += 8) {
    const auto there = static_cast<__mmask8>((uint32_t{1} << (n - i < 8 ? n - i : 8)) - 1);
    const V number = _mm512_loadu_si512(numbers + i);
    const V code =
        _mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + i)));
    const V rung = _mm512_and_si512(code, all(15));
    const V interval = _mm512_srli_epi64(code, 4);
    // interval_begin and interval_size_log2
    const V begin =
        _mm512_maskz_sllv_epi64(_mm512_test_epi64_mask(interval, interval), all(32), interval);
    const V size_log2 = _mm512_max_epu64(_mm512_add_epi64(interval, all(5)), all(6));
    const V cells_log2 = _mm512_add_epi64(size_log2, all(16 - columns_log2));
    const V position =
        _mm512_andnot_si512(_mm512_sllv_epi64(all(~uint64_t{0}), cells_log2), number);
    const V in_row = _mm512_andnot_si512(_mm512_sllv_epi64(all(~uint64_t{0}), size_log2), position);
    const V bitline = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), there,
                                                  _mm512_add_epi64(begin, in_row), among.ranks, 8);
    const V row = _mm512_sllv_epi64(_mm512_srlv_epi64(position, size_log2), all(columns_log2));
    const V cell = _mm512_or_si512(row, _mm512_and_si512(bitline, all(0xFFFF)));
    // point_time
    const V start =
        _mm512_maskz_sllv_epi64(_mm512_test_epi64_mask(rung, rung), all(uint64_t{1} << 47), rung);
    const V shift = _mm512_sub_epi64(_mm512_max_epu64(rung, all(1)), all(1));
    const V late = _mm512_sllv_epi64(_mm512_srli_epi64(number, 16), shift);
    const V time = _mm512_srli_epi64(_mm512_add_epi64(start, late), RankedBitline::kDropped);
    const V stress = _mm512_srli_epi64(bitline, 16);
    const __mmask8 early = _mm512_cmplt_epu64_mask(time, stress);
    const __mmask8 found = _mm512_mask_cmplt_epu64_mask(
        early, _mm512_sub_epi64(cell, all(among.begin)), all(among.length));
    equal |= _mm512_mask_cmpeq_epu64_mask(there, time, stress);
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(cells + i),
        _mm512_cvtepi64_epi32(_mm512_mask_or_epi64(cell, found, cell, all(1 << 16))));
  }
  return equal != 0;
}

}  // namespace

constexpr Draw kDrawAvx512{blocks_of<Avx512>, compare<Avx512>, keep_open, locate};

}  // namespace eden

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
