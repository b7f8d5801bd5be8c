#if defined(__x86_64__)

// GCC 12's own header reads variables on purpose before they are set.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <immintrin.h>

#include "kernels/cpu/draw.h"

// Eight blocks at a time, each word in the low half of a 64-bit lane: one instruction multiplies
// 32 x 32 -> 64 bits there, and what lies in the high halves never matters. A round is two
// multiplications, two shifts and two three-way exclusive ors.

namespace eden {
namespace {

using V = __m512i;

struct Blocks {
  V c0, c1, c2, c3;
};

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

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline Blocks philox(
    Blocks c, const RoundKeys& keys) {
  const V m0 = _mm512_set1_epi64(0xD2511F53);
  const V m1 = _mm512_set1_epi64(0xCD9E8D57);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const V p0 = _mm512_mul_epu32(c.c0, m0);
    const V p1 = _mm512_mul_epu32(c.c2, m1);
    c.c0 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c.c1, keys.low[round], 0x96);
    c.c2 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c.c3, keys.high[round], 0x96);
    c.c1 = p1;
    c.c3 = p0;
  }
  return c;
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

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void heads(uint64_t key, uint64_t place,
                                                                 const uint32_t* what, int blocks,
                                                                 uint64_t* numbers) {
  const RoundKeys keys = rounds_of(key);
  for (int i = 0; i < blocks; i += 8) {
    const Blocks counters{all(place), all(place >> 32), load(what + i), _mm512_setzero_si512()};
    store(philox(counters, keys), numbers + 2 * i);
  }
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void stream(uint64_t key, uint64_t place,
                                                                  uint32_t what, uint32_t first,
                                                                  int blocks, uint64_t* numbers) {
  const RoundKeys keys = rounds_of(key);
  const V step = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
  for (int i = 0; i < blocks; i += 8) {
    const V index = _mm512_add_epi64(all(first + static_cast<uint32_t>(i)), step);
    store(philox({all(place), all(place >> 32), all(what), index}, keys), numbers + 2 * i);
  }
}

template <bool same, int blocks>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void compare_words(
    uint64_t key, uint64_t place, Purpose purpose, uint32_t first, int n, const uint16_t* words,
    const uint32_t* planes, uint32_t* open, uint32_t* taken) {
  const RoundKeys keys = rounds_of(key);
  for (int i = 0; i < n; i += 8) {
    const V word =
        _mm512_cvtepu16_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(words + i)));
    // The place of a segment's first word is a multiple of 2048: no carry into the high half.
    const V low = _mm512_add_epi64(all(place), word);
    V undecided = load(open + i);
    V below = load(taken + i);
    Blocks block[blocks];
#pragma GCC unroll 2
    for (int b = 0; b < blocks; ++b) {
      block[b] = philox({low, all(place >> 32), all(static_cast<uint32_t>(purpose)),
                         all(first + static_cast<uint32_t>(b))},
                        keys);
    }
#pragma GCC unroll 2
    for (int b = 0; b < blocks; ++b) {
      const V drawn[4] = {block[b].c0, block[b].c1, block[b].c2, block[b].c3};
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        const uint32_t* plane = planes + (4 * b + j) * kChunkWords;
        const V threshold =
            same ? _mm512_set1_epi32(static_cast<int>(plane[0])) : load(plane + (same ? 0 : i));
        // open & threshold & ~drawn, and open & ~(threshold ^ drawn).
        below =
            _mm512_or_si512(below, _mm512_ternarylogic_epi64(undecided, threshold, drawn[j], 0x40));
        undecided = _mm512_ternarylogic_epi64(undecided, threshold, drawn[j], 0x90);
      }
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(open + i), _mm512_cvtepi64_epi32(undecided));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(taken + i), _mm512_cvtepi64_epi32(below));
  }
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void compare(
    uint64_t key, uint64_t place, Purpose purpose, uint32_t first, int blocks, int n,
    const uint16_t* words, const uint32_t* planes, bool same, uint32_t* open, uint32_t* taken) {
  const auto loop = same ? (blocks == 2 ? compare_words<true, 2> : compare_words<true, 1>)
                         : (blocks == 2 ? compare_words<false, 2> : compare_words<false, 1>);
  loop(key, place, purpose, first, n, words, planes, open, taken);
}

// The list is read up to 15 places past its end; what lies there is not kept.
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] int keep_open(int n, uint16_t* words,
                                                                    uint16_t* where,
                                                                    uint32_t* open) {
  const auto half = [](uint16_t* at) { return reinterpret_cast<__m256i*>(at); };
  int kept = 0;
  for (int i = 0; i < n; i += 16) {
    const auto there = static_cast<__mmask16>((uint32_t{1} << (n - i < 16 ? n - i : 16)) - 1);
    const V lanes = _mm512_loadu_si512(open + i);
    const V word = _mm512_cvtepu16_epi32(_mm256_loadu_si256(half(words + i)));
    const V number = _mm512_cvtepu16_epi32(_mm256_loadu_si256(half(where + i)));
    const __mmask16 keep = _mm512_mask_test_epi32_mask(there, lanes, lanes);
    _mm512_storeu_si512(open + kept, _mm512_maskz_compress_epi32(keep, lanes));
    _mm256_storeu_si256(half(words + kept),
                        _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(keep, word)));
    _mm256_storeu_si256(half(where + kept),
                        _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(keep, number)));
    kept += __builtin_popcount(keep);
  }
  return kept;
}

}  // namespace

const Draw kDrawAvx512{heads, stream, compare, keep_open};

}  // namespace eden

#endif
