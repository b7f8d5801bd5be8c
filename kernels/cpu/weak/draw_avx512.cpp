#if defined(__x86_64__)

// GCC 12's own header reads variables on purpose before they are set.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <immintrin.h>

#include "kernels/cpu/weak/draw.h"

// Eight blocks at a time, each word in the low half of a 64-bit lane: one instruction multiplies
// 32 x 32 -> 64 bits there, and what lies in the high halves never matters. A round is two
// multiplications, two shifts and two three-way exclusive ors.

namespace eden {
namespace {

using V = __m512i;

struct Blocks {
  V c0, c1, c2, c3;
};

// Vectors of blocks in flight. A block is a chain of fifty cycles, and the processor's schedulers
// do not hold enough of the next chain to fill it: the rounds of several are written in turn.
constexpr int kInFlight = 6;

// The keys of the ten rounds, each in all lanes: made once for many blocks.
struct RoundKeys {
  V low[10], high[10];
};

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline RoundKeys
rounds_of(uint64_t key) {
  RoundKeys keys;
  uint32_t k0 = static_cast<uint32_t>(key);
  uint32_t k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    keys.low[round] = _mm512_set1_epi32(static_cast<int>(k0));
    keys.high[round] = _mm512_set1_epi32(static_cast<int>(k1));
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return keys;
}

// From counters to random numbers.
template <int n>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline void philox(
    const RoundKeys& keys, Blocks (&all)[n]) {
  const V m0 = _mm512_set1_epi64(0xD2511F53);
  const V m1 = _mm512_set1_epi64(0xCD9E8D57);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 8
    for (Blocks& c : all) {
      const V p0 = _mm512_mul_epu32(c.c0, m0);
      const V p1 = _mm512_mul_epu32(c.c2, m1);
      c.c0 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c.c1, keys.low[round], 0x96);
      c.c2 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c.c3, keys.high[round], 0x96);
      c.c1 = p1;
      c.c3 = p0;
    }
  }
}

// Stores the blocks' numbers one after the other: 16 of them.
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline void store(
    const Blocks& c, uint64_t* numbers) {
  const V even = _mm512_mask_blend_epi32(0xAAAA, c.c0, _mm512_slli_epi64(c.c1, 32));
  const V odd = _mm512_mask_blend_epi32(0xAAAA, c.c2, _mm512_slli_epi64(c.c3, 32));
  const V low = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
  const V high = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
  _mm512_storeu_si512(numbers, _mm512_permutex2var_epi64(even, low, odd));
  _mm512_storeu_si512(numbers + 8, _mm512_permutex2var_epi64(even, high, odd));
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline V all(uint64_t x) {
  return _mm512_set1_epi64(static_cast<long long>(x));
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline V load(
    const uint32_t* from) {
  return _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

// Draws vectors of blocks, `vectors` at a time while more than a third of so many are left. Returns
// where it ended.
template <int vectors>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline int draw_vectors(
    const RoundKeys& keys, uint64_t place, const uint32_t* what, const uint32_t* index, int begin,
    int n, uint64_t* numbers) {
  int i = begin;
  for (; n - i > 8 * (vectors / 3); i += 8 * vectors) {
    Blocks block[vectors];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      block[v] = {all(place), all(place >> 32), load(what + i + 8 * v), load(index + i + 8 * v)};
    }
    philox(keys, block);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) store(block[v], numbers + 2 * (i + 8 * v));
  }
  return i;
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void blocks_of(uint64_t key, uint64_t place,
                                                                     const uint32_t* what,
                                                                     const uint32_t* index, int n,
                                                                     uint64_t* numbers) {
  const RoundKeys keys = rounds_of(key);
  const int i = draw_vectors<kInFlight>(keys, place, what, index, 0, n, numbers);
  draw_vectors<1>(keys, place, what, index, i, n, numbers);
}

// Groups in vectors of eight, `vectors` at a time while more than a third of so many are left.
// Returns where it ended.
template <bool same, int blocks, int vectors>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline int compare_words(
    const RoundKeys& keys, uint64_t place, Purpose purpose, uint32_t first, int begin, int n,
    const uint16_t* words, const uint32_t* planes, uint32_t* open, uint32_t* taken) {
  int i = begin;
  for (; n - i > 8 * (vectors / 3); i += 8 * vectors) {
    Blocks block[vectors * blocks];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      const V word = _mm512_cvtepu16_epi64(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(words + i + 8 * v)));
      // The place of a segment's first word is a multiple of 2048: no carry into the high half.
      const V low = _mm512_add_epi64(all(place), word);
#pragma GCC unroll 2
      for (int b = 0; b < blocks; ++b) {
        block[v * blocks + b] = {low, all(place >> 32), all(static_cast<uint32_t>(purpose)),
                                 all(first + static_cast<uint32_t>(b))};
      }
    }
    philox(keys, block);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      const int at = i + 8 * v;
      V undecided = load(open + at);
      V below = load(taken + at);
#pragma GCC unroll 2
      for (int b = 0; b < blocks; ++b) {
        const Blocks& c = block[v * blocks + b];
        const V drawn[4] = {c.c0, c.c1, c.c2, c.c3};
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) {
          const uint32_t* plane = planes + (4 * b + j) * kSegmentWords;
          const V threshold =
              same ? _mm512_set1_epi32(static_cast<int>(plane[0])) : load(plane + (same ? 0 : at));
          // open & threshold & ~drawn, and open & ~(threshold ^ drawn).
          below = _mm512_or_si512(below,
                                  _mm512_ternarylogic_epi64(undecided, threshold, drawn[j], 0x40));
          undecided = _mm512_ternarylogic_epi64(undecided, threshold, drawn[j], 0x90);
        }
      }
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(open + at), _mm512_cvtepi64_epi32(undecided));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(taken + at), _mm512_cvtepi64_epi32(below));
    }
  }
  return i;
}

template <bool same, int blocks>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void compare_all(
    uint64_t key, uint64_t place, Purpose purpose, uint32_t first, int n, const uint16_t* words,
    const uint32_t* planes, uint32_t* open, uint32_t* taken) {
  const RoundKeys keys = rounds_of(key);
  const int i = compare_words<same, blocks, kInFlight / blocks>(keys, place, purpose, first, 0, n,
                                                                words, planes, open, taken);
  compare_words<same, blocks, 1>(keys, place, purpose, first, i, n, words, planes, open, taken);
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void compare(
    uint64_t key, uint64_t place, Purpose purpose, uint32_t first, int blocks, int n,
    const uint16_t* words, const uint32_t* planes, bool same, uint32_t* open, uint32_t* taken) {
  const auto loop = same ? (blocks == 2 ? compare_all<true, 2> : compare_all<true, 1>)
                         : (blocks == 2 ? compare_all<false, 2> : compare_all<false, 1>);
  loop(key, place, purpose, first, n, words, planes, open, taken);
}

// The list is read up to 15 places past its end; what lies there is not kept.
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] int keep_open(int n, const uint32_t* open,
                                                                    uint16_t* kept) {
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

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] bool locate(const BitlineCells& among,
                                                                  const uint64_t* numbers,
                                                                  const StreamCode* codes, int n,
                                                                  PointCell* cells) {
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

const Draw kDrawAvx512{blocks_of, compare, keep_open, locate};

}  // namespace eden

#endif
