#pragma once

#include "kernels/cpu/weak/draw.h"

// The loops of a Draw over the vectors of one instruction set, which is asked for in front of the
// line that includes this. So all of it is of the one file that does: a function that another file
// could share would be for the wrong processor there.
//
// A vector holds a word in the low half of each 64-bit lane: one instruction multiplies
// 32 x 32 -> 64 bits there, and what lies in the high halves never matters.
//
// Set has the vector V of kLanes lanes, how many of them are in flight, and what can be done to
// them: see draw_avx2.cpp.

namespace eden {
namespace {

// A block in each lane.
template <class Set>
struct Blocks {
  typename Set::V c0, c1, c2, c3;
};

// The keys of the ten rounds, each in all lanes: made once for many blocks.
template <class Set>
struct RoundKeys {
  typename Set::V low[10], high[10];

  [[gnu::always_inline]] explicit RoundKeys(uint64_t key) {
    uint32_t k0 = static_cast<uint32_t>(key);
    uint32_t k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      low[round] = Set::all_words(k0);
      high[round] = Set::all_words(k1);
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
  }
};

// From counters to random numbers. A block is a chain of fifty cycles, and the processor's
// schedulers do not hold enough of the next chain to fill it: the rounds of several are written in
// turn.
template <class Set, int n>
[[gnu::always_inline]] inline void philox(const RoundKeys<Set>& keys, Blocks<Set> (&all)[n]) {
  const auto m0 = Set::all(0xD2511F53);
  const auto m1 = Set::all(0xCD9E8D57);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 8
    for (Blocks<Set>& c : all) {
      const auto p0 = Set::product(c.c0, m0);
      const auto p1 = Set::product(c.c2, m1);
      c.c0 = Set::either_of_three(Set::high_half(p1), c.c1, keys.low[round]);
      c.c2 = Set::either_of_three(Set::high_half(p0), c.c3, keys.high[round]);
      c.c1 = p1;
      c.c3 = p0;
    }
  }
}

// Draws vectors of blocks, `vectors` at a time while more than a third of so many are left. Returns
// where it ended.
template <class Set, int vectors>
[[gnu::always_inline]] inline int draw_vectors(const RoundKeys<Set>& keys, uint64_t unit,
                                               const uint32_t* what, const uint32_t* index,
                                               int begin, int n, uint64_t* numbers) {
  constexpr int kLanes = Set::kLanes;
  int i = begin;
  for (; n - i > kLanes * (vectors / 3); i += kLanes * vectors) {
    Blocks<Set> block[vectors];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      block[v] = {Set::all(unit), Set::all(unit >> 32), Set::load(what + i + kLanes * v),
                  Set::load(index + i + kLanes * v)};
    }
    philox(keys, block);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) Set::store(block[v], numbers + 2 * (i + kLanes * v));
  }
  return i;
}

template <class Set>
void blocks_of(uint64_t key, uint64_t unit, const uint32_t* what, const uint32_t* index, int n,
               uint64_t* numbers) {
  const RoundKeys<Set> keys(key);
  const int i = draw_vectors<Set, Set::kInFlight>(keys, unit, what, index, 0, n, numbers);
  draw_vectors<Set, 1>(keys, unit, what, index, i, n, numbers);
}

// Groups in vectors, `vectors` at a time while more than a third of so many are left. Returns where
// it ended.
template <class Set, bool same, int blocks, int vectors>
[[gnu::always_inline]] inline int compare_words(const RoundKeys<Set>& keys,
                                                const Comparison& groups, int begin) {
  constexpr int kLanes = Set::kLanes;
  // Not read again after each store, which might go anywhere.
  const uint64_t unit = groups.unit;
  const auto purpose = static_cast<uint32_t>(groups.purpose);
  const uint32_t first = groups.first;
  const uint16_t* const words = groups.words;
  const uint32_t* const planes = groups.planes;
  uint32_t* const open = groups.open;
  uint32_t* const taken = groups.taken;
  const int n = groups.n;
  int i = begin;
  for (; n - i > kLanes * (vectors / 3); i += kLanes * vectors) {
    Blocks<Set> block[vectors * blocks];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      // The unit of a segment's first word is a multiple of 2048: no carry into the high half.
      const auto low = Set::sum(Set::all(unit), Set::load(words + i + kLanes * v));
#pragma GCC unroll 2
      for (int b = 0; b < blocks; ++b) {
        block[v * blocks + b] = {low, Set::all(unit >> 32), Set::all(purpose),
                                 Set::all(first + static_cast<uint32_t>(b))};
      }
    }
    philox(keys, block);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      const int at = i + kLanes * v;
      auto undecided = Set::load(open + at);
      auto below = Set::load(taken + at);
#pragma GCC unroll 2
      for (int b = 0; b < blocks; ++b) {
        const Blocks<Set>& c = block[v * blocks + b];
        const typename Set::V drawn[4] = {c.c0, c.c1, c.c2, c.c3};
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) {
          const uint32_t* plane = planes + (4 * b + j) * kSegmentWords;
          const auto threshold = same ? Set::all_words(plane[0]) : Set::load(plane + at);
          Set::decide(threshold, drawn[j], &undecided, &below);
        }
      }
      Set::store_words(undecided, open + at);
      Set::store_words(below, taken + at);
    }
  }
  return i;
}

template <class Set, bool same, int blocks>
void compare_all(const Comparison& groups) {
  const RoundKeys<Set> keys(groups.key);
  const int i = compare_words<Set, same, blocks, Set::kInFlight / blocks>(keys, groups, 0);
  compare_words<Set, same, blocks, 1>(keys, groups, i);
}

template <class Set>
void compare(const Comparison& groups) {
  if (groups.blocks == 2)
    return (groups.same ? compare_all<Set, true, 2> : compare_all<Set, false, 2>)(groups);
  return (groups.same ? compare_all<Set, true, 1> : compare_all<Set, false, 1>)(groups);
}

}  // namespace
}  // namespace eden
