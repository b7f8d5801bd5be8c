#pragma once

#include <cstdint>

#include "kernels/access/params.h"
#include "kernels/cuda/bitlines.h"
#include "kernels/cuda/scales.h"

namespace eden {

constexpr int kInjectThreads = 128;
constexpr int kMaskWords = kSegmentWords + 4;  // a reader may look a word past the end
constexpr int kListedWords = 1024;
constexpr int kUndecidedWords = 320;

// An injection cut into units, one for a block of threads: a segment for some of the copies. Units
// are numbered by two numbers, so that no thread has to divide.
struct InjectUnits {
  int64_t first_segment;
  int64_t segments;
  int64_t copies_each;  // by one unit; the last one of a segment may have fewer
  int64_t chunks;       // units of a segment
};

// Bits [first, last) of a segment, those that the tensor fills.
struct SegmentRange {
  uint64_t segment;
  int64_t begin;  // the segment's bit 0, counted from the tensor's
  int first, last;
};

EDEN_HD inline SegmentRange segment_range(const InjectParams& p, int element_bits,
                                          int64_t segment) {
  const int64_t begin = segment * kSegmentBits - 8 * p.address;
  const int64_t rest = p.elements * element_bits - begin;
  return {static_cast<uint64_t>(segment), begin, begin < 0 ? static_cast<int>(-begin) : 0,
          rest < kSegmentBits ? static_cast<int>(rest) : kSegmentBits};
}

// What the threads of a block share while they work on a unit.
struct SegmentShared {
  alignas(16) uint32_t weak[kMaskWords];  // a bit a cell; the last words stay 0
  uint64_t stress;                        // the greatest of the segment
  uint32_t facts;                         // of the table's entries that the segment reads
  Bounds bounds;
  SegmentScales scales;
  // Blocks of random numbers of all streams in a row: stream i has [begin[i], begin[i + 1]).
  int stream_begin[kMostStreams + 1];
  int stream_count[kMostStreams];
  // Words of `weak` that are not 0, in any order; there may be more than there is room for.
  int listed;
  uint16_t list[kListedWords];
  // Words of the dense rung with lanes that their first planes left open.
  int undecided;
  uint16_t undecided_word[kUndecidedWords];
  uint32_t undecided_open[kUndecidedWords];
};

// Adds weak cells of a word. Only one thread at a time may do so, but for `sparse` points.
template <class Block>
EDEN_HD inline void list_word(Block& block, SegmentShared& s, uint32_t word) {
  const int slot = block.atomic_add(&s.listed, 1);
  if (slot < kListedWords) s.list[slot] = static_cast<uint16_t>(word);
}

}  // namespace eden
