#pragma once

#include <cstdint>

#include "kernels/access/entry.h"
#include "kernels/cuda/segment.h"
#include "kernels/cuda/vector.h"

// The weak cells of the dense rung: 32 at a time, plane by plane (docs/rng.md).

namespace eden {

// Lanes of a group after some planes: those below their threshold, and those still equal to it.
struct Lanes {
  uint32_t taken, open;
};

// Compares the four planes that a block of random numbers holds: a part of what `below` does.
template <class Plane>
EDEN_HD inline void compare_block(const PhiloxBlock& numbers, int index, Plane plane,
                                  Lanes* lanes) {
  unroll<4>([&](int j) {
    const uint32_t threshold = plane(4 * index + j);
    lanes->taken |= lanes->open & threshold & ~numbers.word[j];
    lanes->open &= ~(threshold ^ numbers.word[j]);
  });
}

// The first blocks of a group's planes decide 7 of 8 words wholly. The threads of a warp go on
// together as long as one of them must, so the others are put aside first.
constexpr int kFirstBlocks = 2;

// All of the first blocks, none waiting for another.
template <class Plane>
EDEN_HD inline Lanes compare_first(uint64_t key, uint64_t group, Purpose purpose, uint32_t open,
                                   Plane plane) {
  PhiloxBlock numbers[kFirstBlocks];
  unroll<kFirstBlocks>([&](int index) {
    numbers[index] = random_block(key, group, purpose, 0, 0, static_cast<uint32_t>(index));
  });
  Lanes lanes{0, open};
  unroll<kFirstBlocks>([&](int index) { compare_block(numbers[index], index, plane, &lanes); });
  return lanes;
}

// Blocks from `index` on, until all lanes are decided. Returns those taken.
template <class Plane>
EDEN_HD inline uint32_t compare_rest(uint64_t key, uint64_t group, Purpose purpose, uint32_t open,
                                     int index, Plane plane) {
  Lanes lanes{0, open};
  for (; index < kPlanes / 4 && lanes.open != 0; ++index) {
    compare_block(random_block(key, group, purpose, 0, 0, static_cast<uint32_t>(index)), index,
                  plane, &lanes);
  }
  return lanes.taken;
}

// Lanes of a word that lie in the range.
EDEN_HD inline uint32_t lanes_within(const SegmentRange& range, int word) {
  uint32_t lanes = ~uint32_t{0};
  if (word * 32 < range.first) lanes <<= range.first % 32;
  if (word * 32 + 32 > range.last) lanes &= (uint32_t{1} << (range.last % 32)) - 1;
  return lanes;
}

template <class Block>
EDEN_HD void add_dense(Block& block, const InjectParams& p, const BitlineSummary* summary,
                       const SegmentRange& range, SegmentShared& s) {
  const uint64_t key = p.key[0];
  const bool listing = (s.facts & kSurvives) != 0;
  // Words belong to one thread each, so plain accesses will do.
  const auto add = [&](int word, uint32_t found) {
    if (found == 0) return;
    const uint32_t before = s.weak[word];
    s.weak[word] = before | found;
    if (before == 0 && listing) list_word(block, s, static_cast<uint32_t>(word));
  };
  const auto bitlines = [&](int word) -> const Thresholds& {
    return groups_of(summary)[word & (bitline_groups(p) - 1)].dense;
  };
  const auto threshold = [&](int word) {
    return entry_of(p, range.segment, static_cast<uint32_t>(word * 32)).dense;
  };
  const auto group = [&](int word) {
    return range.segment * kSegmentWords + static_cast<uint64_t>(word);
  };
  const auto rest = [&](int word, uint32_t open) {
    if (p.law == Law::kBitline) {
      const uint32_t* planes = bitlines(word).plane;
      return compare_rest(key, group(word), Purpose::kDense, open, kFirstBlocks,
                          [&](int j) { return planes[j]; });
    }
    const uint64_t dense = threshold(word);
    return compare_rest(key, group(word), Purpose::kDense, open, kFirstBlocks,
                        [&](int j) { return equal_plane(dense, j); });
  };
  const int first_word = range.first / 32;
  const int last_word = (range.last + 31) / 32;
  block.each([&](int t) {
    for (int word = first_word + t; word < last_word; word += block.threads()) {
      const uint32_t lanes = lanes_within(range, word);
      uint32_t always;
      Lanes left{0, 0};
      if (p.law == Law::kBitline) {
        const Thresholds& own = bitlines(word);
        always = own.always;
        if ((lanes & own.some & ~always) != 0) {
          left = compare_first(key, group(word), Purpose::kDense, lanes & own.some & ~always,
                               [&](int j) { return own.plane[j]; });
        }
      } else {
        const uint64_t dense = threshold(word);
        always = dense == kAlways ? ~uint32_t{0} : 0;
        if (dense != 0 && always == 0) {
          left = compare_first(key, group(word), Purpose::kDense, lanes,
                               [&](int j) { return equal_plane(dense, j); });
        }
      }
      if (left.open != 0) {
        const int slot = block.atomic_add(&s.undecided, 1);
        if (slot < kUndecidedWords) {
          s.undecided_word[slot] = static_cast<uint16_t>(word);
          s.undecided_open[slot] = left.open;
        } else {
          left.taken |= rest(word, left.open);
        }
      }
      add(word, left.taken | (lanes & always));
    }
  });
  block.barrier();
  block.each([&](int t) {
    const int undecided = s.undecided < kUndecidedWords ? s.undecided : kUndecidedWords;
    for (int i = t; i < undecided; i += block.threads()) {
      const int word = s.undecided_word[i];
      add(word, rest(word, s.undecided_open[i]));
    }
  });
  block.barrier();
}

}  // namespace eden
