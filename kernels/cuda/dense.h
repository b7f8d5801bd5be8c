#pragma once

#include <cstdint>

#include "kernels/cuda/segment.h"

// The weak cells of the dense rung: 32 at a time, plane by plane (docs/rng.md).

namespace eden {

// Lanes of a group after some planes: those below their threshold, and those still equal to it.
struct Lanes {
  uint32_t taken, open;
};

// Compares planes [4 * block_begin, 4 * block_end): a part of what `below` does.
template <class Plane>
EDEN_HD inline Lanes compare_planes(uint64_t key, uint64_t group, Purpose purpose, uint32_t open,
                                    int block_begin, int block_end, Plane plane) {
  uint32_t taken = 0;
  for (int index = block_begin; index < block_end && open != 0; ++index) {
    const PhiloxBlock numbers =
        random_block(key, group, purpose, 0, 0, static_cast<uint32_t>(index));
    for (int j = 0; j < 4; ++j) {
      const uint32_t threshold = plane(4 * index + j);
      taken |= open & threshold & ~numbers.word[j];
      open &= ~(threshold ^ numbers.word[j]);
    }
  }
  return {taken, open};
}

// Lanes of a word that lie in the range.
EDEN_HD inline uint32_t lanes_within(const SegmentRange& range, int word) {
  uint32_t lanes = ~uint32_t{0};
  if (word * 32 < range.first) lanes <<= range.first % 32;
  if (word * 32 + 32 > range.last) lanes &= (uint32_t{1} << (range.last % 32)) - 1;
  return lanes;
}

// Planes of a word that two blocks of random numbers hold decide 7 of 8 words wholly. The threads
// of a warp go on together as long as one of them must, so the others are put aside first.
constexpr int kFirstBlocks = 2;
constexpr int kAllBlocks = kPlanes / 4;

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
  // What the planes say about lanes of a word.
  const auto compare = [&](int word, uint32_t open, int block_begin, int block_end) {
    const uint64_t group = range.segment * kSegmentWords + static_cast<uint64_t>(word);
    const auto bit = static_cast<uint32_t>(word * 32);
    if (p.law == Law::kBitline) {
      const Thresholds& dense = groups_of(summary)[word & (bitline_groups(p) - 1)].dense;
      return compare_planes(key, group, Purpose::kDense, open, block_begin, block_end,
                            [&](int j) { return dense.plane[j]; });
    }
    const uint64_t threshold = entry_of(p, range.segment, bit).dense;
    return compare_planes(key, group, Purpose::kDense, open, block_begin, block_end,
                          [&](int j) { return equal_plane(threshold, j); });
  };
  const int first_word = range.first / 32;
  const int last_word = (range.last + 31) / 32;
  block.each([&](int t) {
    for (int word = first_word + t; word < last_word; word += block.threads()) {
      const uint32_t lanes = lanes_within(range, word);
      uint32_t always, some;
      if (p.law == Law::kBitline) {
        const Thresholds& dense = groups_of(summary)[word & (bitline_groups(p) - 1)].dense;
        always = dense.always;
        some = dense.some;
      } else {
        const uint64_t dense = entry_of(p, range.segment, static_cast<uint32_t>(word * 32)).dense;
        always = dense == kAlways ? ~uint32_t{0} : 0;
        some = dense != 0 ? ~uint32_t{0} : 0;
      }
      Lanes left = compare(word, lanes & some & ~always, 0, kFirstBlocks);
      if (left.open != 0) {
        const int slot = block.atomic_add(&s.undecided, 1);
        if (slot < kUndecidedWords) {
          s.undecided_word[slot] = static_cast<uint16_t>(word);
          s.undecided_open[slot] = left.open;
        } else {
          left.taken |= compare(word, left.open, kFirstBlocks, kAllBlocks).taken;
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
      add(word, compare(word, s.undecided_open[i], kFirstBlocks, kAllBlocks).taken);
    }
  });
  block.barrier();
}

}  // namespace eden
