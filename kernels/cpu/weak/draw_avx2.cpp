#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/cpu/weak/draw.h"

// As draw_avx512.cpp, four blocks at a time.

namespace eden {
namespace {

using V = __m256i;

struct Blocks {
  V c0, c1, c2, c3;
};

// Vectors of blocks in flight, as in draw_avx512.cpp.
constexpr int kInFlight = 4;

template <int n>
[[gnu::target("avx2"), gnu::always_inline]] inline void philox(uint64_t key, Blocks (&all)[n]) {
  const V m0 = _mm256_set1_epi64x(0xD2511F53);
  const V m1 = _mm256_set1_epi64x(0xCD9E8D57);
  uint32_t k0 = static_cast<uint32_t>(key);
  uint32_t k1 = static_cast<uint32_t>(key >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const V low = _mm256_set1_epi32(static_cast<int>(k0));
    const V high = _mm256_set1_epi32(static_cast<int>(k1));
#pragma GCC unroll 4
    for (Blocks& c : all) {
      const V p0 = _mm256_mul_epu32(c.c0, m0);
      const V p1 = _mm256_mul_epu32(c.c2, m1);
      c.c0 = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c.c1, low));
      c.c2 = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c.c3, high));
      c.c1 = p1;
      c.c3 = p0;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

// Stores the blocks' numbers one after the other: 8 of them.
[[gnu::target("avx2"), gnu::always_inline]] inline void store(const Blocks& c, uint64_t* numbers) {
  const V even = _mm256_blend_epi32(c.c0, _mm256_slli_epi64(c.c1, 32), 0xAA);
  const V odd = _mm256_blend_epi32(c.c2, _mm256_slli_epi64(c.c3, 32), 0xAA);
  const V low = _mm256_unpacklo_epi64(even, odd);   // blocks 0 and 2
  const V high = _mm256_unpackhi_epi64(even, odd);  // blocks 1 and 3
  auto* to = reinterpret_cast<V*>(numbers);
  _mm256_storeu_si256(to, _mm256_permute2x128_si256(low, high, 0x20));
  _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(low, high, 0x31));
}

[[gnu::target("avx2"), gnu::always_inline]] inline V all(uint64_t x) {
  return _mm256_set1_epi64x(static_cast<long long>(x));
}

[[gnu::target("avx2"), gnu::always_inline]] inline V load(const uint32_t* from) {
  return _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

// Draws vectors of blocks, `vectors` at a time while more than a third of so many are left. Returns
// where it ended.
template <int vectors>
[[gnu::target("avx2"), gnu::always_inline]] inline int draw_vectors(uint64_t key, uint64_t place,
                                                                    const uint32_t* what,
                                                                    const uint32_t* index,
                                                                    int begin, int n,
                                                                    uint64_t* numbers) {
  int i = begin;
  for (; n - i > 4 * (vectors / 3); i += 4 * vectors) {
    Blocks block[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      block[v] = {all(place), all(place >> 32), load(what + i + 4 * v), load(index + i + 4 * v)};
    }
    philox(key, block);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) store(block[v], numbers + 2 * (i + 4 * v));
  }
  return i;
}

[[gnu::target("avx2")]] void blocks_of(uint64_t key, uint64_t place, const uint32_t* what,
                                       const uint32_t* index, int n, uint64_t* numbers) {
  const int i = draw_vectors<kInFlight>(key, place, what, index, 0, n, numbers);
  draw_vectors<1>(key, place, what, index, i, n, numbers);
}

[[gnu::target("avx2"), gnu::always_inline]] inline void store_words(V x, uint32_t* to) {
  const V low_halves = _mm256_permutevar8x32_epi32(x, _mm256_set_epi32(7, 5, 3, 1, 6, 4, 2, 0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(low_halves));
}

// Groups in vectors of four, `vectors` at a time while more than a third of so many are left.
// Returns where it ended.
template <bool same, int blocks, int vectors>
[[gnu::target("avx2"), gnu::always_inline]] inline int compare_words(
    uint64_t key, uint64_t place, Purpose purpose, uint32_t first, int begin, int n,
    const uint16_t* words, const uint32_t* planes, uint32_t* open, uint32_t* taken) {
  int i = begin;
  for (; n - i > 4 * (vectors / 3); i += 4 * vectors) {
    Blocks block[vectors * blocks];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const V word = _mm256_cvtepu16_epi64(
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(words + i + 4 * v)));
      // The place of a segment's first word is a multiple of 2048: no carry into the high half.
      const V low = _mm256_add_epi64(all(place), word);
#pragma GCC unroll 2
      for (int b = 0; b < blocks; ++b) {
        block[v * blocks + b] = {low, all(place >> 32), all(static_cast<uint32_t>(purpose)),
                                 all(first + static_cast<uint32_t>(b))};
      }
    }
    philox(key, block);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const int at = i + 4 * v;
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
              same ? _mm256_set1_epi32(static_cast<int>(plane[0])) : load(plane + (same ? 0 : at));
          const V either = _mm256_xor_si256(threshold, drawn[j]);
          const V decided = _mm256_and_si256(undecided, either);
          below = _mm256_or_si256(below, _mm256_and_si256(decided, threshold));
          undecided = _mm256_andnot_si256(either, undecided);
        }
      }
      store_words(undecided, open + at);
      store_words(below, taken + at);
    }
  }
  return i;
}

template <bool same, int blocks>
[[gnu::target("avx2")]] void compare_all(uint64_t key, uint64_t place, Purpose purpose,
                                         uint32_t first, int n, const uint16_t* words,
                                         const uint32_t* planes, uint32_t* open, uint32_t* taken) {
  const int i = compare_words<same, blocks, kInFlight / blocks>(key, place, purpose, first, 0, n,
                                                                words, planes, open, taken);
  compare_words<same, blocks, 1>(key, place, purpose, first, i, n, words, planes, open, taken);
}

[[gnu::target("avx2")]] void compare(uint64_t key, uint64_t place, Purpose purpose, uint32_t first,
                                     int blocks, int n, const uint16_t* words,
                                     const uint32_t* planes, bool same, uint32_t* open,
                                     uint32_t* taken) {
  const auto loop = same ? (blocks == 2 ? compare_all<true, 2> : compare_all<true, 1>)
                         : (blocks == 2 ? compare_all<false, 2> : compare_all<false, 1>);
  loop(key, place, purpose, first, n, words, planes, open, taken);
}

}  // namespace

const Draw kDrawAvx2{blocks_of, compare, kDrawPortable.keep_open, kDrawPortable.locate};

}  // namespace eden

#endif
