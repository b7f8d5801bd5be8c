#pragma once

#include <cstdint>

#include "kernels/access/known.h"
#include "kernels/access/params.h"
#include "kernels/cuda/bitlines.h"
#include "kernels/cuda/scales.h"

namespace eden {

constexpr int kInjectThreads = 128;
constexpr int kMaskWords = kSegmentWords + 4;  // a reader may look a word past the end
constexpr int kListedWords = 1024;

// An injection cut into units, one for a block of threads: a part of a segment for some of the
// copies. Units are numbered by three numbers, so that no thread has to divide.
struct InjectUnits {
  int64_t first_segment;
  int64_t segments;
  int64_t copies_each;  // by one unit; the last one of a segment may have fewer
  int64_t chunks;       // of the copies
  int parts;            // of a segment, a power of two
};

// Which of them a block has.
struct InjectUnit {
  int64_t segment;  // from first_segment on
  int64_t chunk;
  int part;
};

// Bits [first, last) of a segment: those of one part that the tensor fills. None if first >= last.
struct SegmentRange {
  uint64_t segment;
  int64_t begin;  // the segment's bit 0, counted from the tensor's
  int first, last;
};

EDEN_HD inline SegmentRange segment_range(const InjectParams& p, int element_bits,
                                          const InjectUnits& units, const InjectUnit& unit) {
  const int64_t number = units.first_segment + unit.segment;
  const int64_t begin = number * kSegmentBits - 8 * p.address;
  const int64_t rest = p.elements * element_bits - begin;
  const int part_bits = kSegmentBits / units.parts;
  SegmentRange range{static_cast<uint64_t>(number), begin, unit.part * part_bits,
                     (unit.part + 1) * part_bits};
  if (range.first < -begin) range.first = static_cast<int>(-begin);
  if (range.last > rest) range.last = static_cast<int>(rest);
  return range;
}

// A list of words with lanes left open; `count` goes on where there is no room.
template <int most>
struct UndecidedWords {
  static constexpr int kMost = most;
  int count;
  uint16_t word[most];
  uint32_t open[most];
  EDEN_HD int listed() const { return count < most ? count : most; }
};

// What the threads of a block share while they work on a unit.
struct SegmentShared {
  alignas(16) uint32_t weak[kMaskWords];  // a bit a cell; the last words stay 0
  uint64_t stress;                        // the greatest of the segment
  uint32_t facts;                         // of the table's entries that the segment reads
  KnownCells known;                       // of the range, for Lookup::kKnown
  Bounds bounds;
  SegmentScales scales;
  // Blocks of random numbers of all streams in a row: stream i has [begin[i], begin[i + 1]).
  int stream_begin[kMostStreams + 1];
  int stream_count[kMostStreams];
  // The greatest number of each rung that makes a weak cell, where one entry holds for all cells.
  uint64_t last_number[kSparseRungs];
  // Words of `weak` that are not 0, in any order; there may be more than there is room for.
  int listed;
  uint16_t list[kListedWords];
  // Words of the dense rung with lanes that their first planes left open, and of those the ones
  // that the next planes did.
  UndecidedWords<320> undecided;
  UndecidedWords<64> still_undecided;
};

// Adds weak cells of a word. Only one thread at a time may do so, but for `sparse` points.
template <class Block>
EDEN_HD inline void list_word(Block& block, SegmentShared& s, uint32_t word) {
  const int slot = block.atomic_add(&s.listed, 1);
  if (slot < kListedWords) s.list[slot] = static_cast<uint16_t>(word);
}

}  // namespace eden
