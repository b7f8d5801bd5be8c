#pragma once

#include <cstdint>

#include "kernels/access/entry.h"
#include "kernels/cuda/segment.h"
#include "kernels/cuda/vector.h"

// The weak cells of the dense rung: 32 at a time, plane by plane (docs/rng.md).

namespace eden {

// The first blocks of a group's planes decide 7 of 8 words wholly, the next one 15 of 16 of the
// others. The threads of a warp go on together as long as one of them must, so what is open is put
// aside after each.
constexpr int kFirstBlocks = 2;
constexpr int kNextBlocks = kFirstBlocks + 1;

// Thresholds of 32 lanes that are all the same: those of a cell or a row.
struct EqualThresholds {
  uint64_t each;
  EDEN_HD uint32_t always() const { return each == kAlways ? ~uint32_t{0} : 0; }
  EDEN_HD uint32_t drawn() const { return each != 0 && each != kAlways ? ~uint32_t{0} : 0; }
  EDEN_HD uint32_t first_plane(int j) const { return plane(j); }
  EDEN_HD uint32_t plane(int j) const { return equal_plane(each, j); }
};

// The same for many words, with the planes of the first blocks made once.
template <class Block>
struct HeldThresholds {
  EqualThresholds all;
  uint32_t first[4 * kFirstBlocks];

  EDEN_HD explicit HeldThresholds(uint64_t each) : all{each} {
    unroll<4 * kFirstBlocks>([&](int j) {
      first[j] = all.plane(j);
      Block::hold(first[j]);
    });
  }
  EDEN_HD uint32_t always() const { return all.always(); }
  EDEN_HD uint32_t drawn() const { return all.drawn(); }
  EDEN_HD uint32_t first_plane(int j) const { return first[j]; }
  EDEN_HD uint32_t plane(int j) const { return all.plane(j); }
};

// Those of 32 neighbouring bitlines.
struct BitlineThresholds {
  const Thresholds* own;
  EDEN_HD uint32_t always() const { return own->always; }
  EDEN_HD uint32_t drawn() const { return own->some & ~own->always; }
  EDEN_HD uint32_t first_plane(int j) const { return plane(j); }
  EDEN_HD uint32_t plane(int j) const { return own->plane[j]; }
};

// Lanes of a group after some planes: those below their threshold, and those still equal to it.
struct Lanes {
  uint32_t taken, open;
};

// The planes of blocks [begin, end), none waiting for another. What the planes after j say of a
// lane holds where plane j is equal; going from the last to the first, that is one operation a
// plane, and one more for the lanes equal in all.
template <int begin, int end, class Lanewise>
EDEN_HD inline Lanes compare(const PhiloxKeys& key, uint64_t group, uint32_t open,
                             const Lanewise& thresholds) {
  PhiloxBlock numbers[end - begin];
  unroll<end - begin>([&](int i) {
    numbers[i] = random_block(key, group, Purpose::kDense, 0, 0, static_cast<uint32_t>(begin + i));
  });
  uint32_t less = 0, equal = open;
  unroll<4 * (end - begin)>([&](int i) {
    const int j = 4 * (end - begin) - 1 - i;
    const uint32_t threshold =
        begin == 0 ? thresholds.first_plane(j) : thresholds.plane(4 * begin + j);
    const uint32_t number = numbers[j / 4].word[j % 4];
    less = (threshold & ~number) | (~(threshold ^ number) & less);
    equal &= ~(threshold ^ number);
  });
  return {less & open, equal};
}

// Blocks from `index` on, until all lanes are decided. Returns those taken.
template <class Plane>
EDEN_HD inline uint32_t compare_rest(uint64_t key, uint64_t group, Purpose purpose, uint32_t open,
                                     int index, Plane plane) {
  uint32_t taken = 0;
  for (; index < kPlanes / 4 && open != 0; ++index) {
    const PhiloxBlock numbers =
        random_block(key, group, purpose, 0, 0, static_cast<uint32_t>(index));
    unroll<4>([&](int j) {
      const uint32_t threshold = plane(4 * index + j);
      taken |= open & threshold & ~numbers.word[j];
      open &= ~(threshold ^ numbers.word[j]);
    });
  }
  return taken;
}

// Lanes of a word that lie in the range.
EDEN_HD inline uint32_t lanes_within(const SegmentRange& range, int word) {
  uint32_t lanes = ~uint32_t{0};
  if (word * 32 < range.first) lanes <<= range.first % 32;
  if (word * 32 + 32 > range.last) lanes &= (uint32_t{1} << (range.last % 32)) - 1;
  return lanes;
}

// `thresholds_of(word)` are those of a word of the segment.
template <class Block, class ThresholdsOf>
EDEN_HD void add_dense(Block& block, uint64_t key, const SegmentRange& range, SegmentShared& s,
                       ThresholdsOf thresholds_of) {
  const bool listing = (s.facts & kSurvives) != 0;
  const PhiloxKeys keys = held_keys<Block>(key);
  const auto group = [&](int word) {
    // No sum: then its upper half is known not to depend on the word.
    return range.segment * kSegmentWords | static_cast<uint32_t>(word);
  };
  const auto rest = [&](int word, uint32_t open, int first_block) {
    const auto& thresholds = thresholds_of(word);
    return compare_rest(key, group(word), Purpose::kDense, open, first_block,
                        [&](int j) { return thresholds.plane(j); });
  };
  // Words belong to one thread each, so plain accesses will do.
  const auto add = [&](int word, uint32_t found) {
    if (found == 0) return;
    const uint32_t before = s.weak[word];
    s.weak[word] = before | found;
    if (before == 0 && listing) list_word(block, s, static_cast<uint32_t>(word));
  };
  // What is open goes to a list, and is decided here only if that is full.
  const auto taken = [&](int word, Lanes lanes, auto& list, int next_block) {
    if (lanes.open == 0) return lanes.taken;
    const int slot = block.atomic_add(&list.count, 1);
    if (slot >= list.kMost) return lanes.taken | rest(word, lanes.open, next_block);
    list.word[slot] = static_cast<uint16_t>(word);
    list.open[slot] = lanes.open;
    return lanes.taken;
  };
  const int first_word = range.first / 32;
  const int last_word = (range.last + 31) / 32;
  block.each([&](int t) {
    for (int word = first_word + t; word < last_word; word += block.threads()) {
      const auto& thresholds = thresholds_of(word);
      Lanes lanes{0, 0};
      if (thresholds.drawn() != 0) {
        lanes = compare<0, kFirstBlocks>(keys, group(word), thresholds.drawn(), thresholds);
      }
      add(word, taken(word, lanes, s.undecided, kFirstBlocks) | thresholds.always());
    }
  });
  block.barrier();
  block.each([&](int t) {
    for (int i = t; i < s.undecided.listed(); i += block.threads()) {
      const int word = s.undecided.word[i];
      const Lanes lanes = compare<kFirstBlocks, kNextBlocks>(keys, group(word), s.undecided.open[i],
                                                             thresholds_of(word));
      add(word, taken(word, lanes, s.still_undecided, kNextBlocks));
    }
  });
  block.barrier();
  block.each([&](int t) {
    for (int i = t; i < s.still_undecided.listed(); i += block.threads()) {
      const int word = s.still_undecided.word[i];
      add(word, rest(word, s.still_undecided.open[i], kNextBlocks));
    }
  });
  block.barrier();
  // Words were drawn whole; what lies beyond the range is not this tensor's.
  block.each([&](int t) {
    if (t == 0 && first_word < last_word) {
      s.weak[first_word] &= lanes_within(range, first_word);
      s.weak[last_word - 1] &= lanes_within(range, last_word - 1);
    }
  });
  block.barrier();
}

template <class Block>
EDEN_HD void add_dense(Block& block, const InjectParams& p, const BitlineSummary* summary,
                       const SegmentRange& range, SegmentShared& s) {
  const uint64_t key = p.key[0];
  switch (p.lookup) {
    case Lookup::kBitline:
      return add_dense(block, key, range, s, [&](int word) {
        return BitlineThresholds{&groups_of(summary)[word & (bitline_groups(p) - 1)].dense};
      });
    case Lookup::kWordline:
      return add_dense(block, key, range, s, [&](int word) {
        return EqualThresholds{entry_of(p, range.segment, static_cast<uint32_t>(word * 32)).dense};
      });
    default:
      const HeldThresholds<Block> all(p.table[0].dense);
      return add_dense(block, key, range, s, [&](int) { return all; });
  }
}

}  // namespace eden
