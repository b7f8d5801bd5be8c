#pragma once

#include <cstdint>

#include "kernels/law/table.h"

// Where the cells of a segment lie, and what 32 neighbouring entries say of theirs: shared by CPU
// and CUDA.

namespace eden {

constexpr uint64_t kSegmentBytes = kSegmentBits / 8;

// Number of the lowest bit set; x must not be 0.
EDEN_HD inline int lowest_bit(uint64_t x) {
#if defined(__CUDA_ARCH__)
  return __ffsll(static_cast<long long>(x)) - 1;
#else
  return __builtin_ctzll(x);
#endif
}

EDEN_HD inline int log2_exact(int64_t power) { return lowest_bit(static_cast<uint64_t>(power)); }

// Ranks of interval i begin here; it holds 64 of them for i = 0, else as many as lie before it.
EDEN_HD constexpr int interval_begin(int i) { return i == 0 ? 0 : 32 << i; }
EDEN_HD constexpr int interval_size_log2(int i) { return i == 0 ? 6 : 5 + i; }

constexpr int kMostIntervals = 11;  // of the ranks of 8 * 8192 bitlines

// Where a point drawn for an interval of ranks lies in its segment.
struct RankedPoint {
  uint32_t rank, row;
};

EDEN_HD inline RankedPoint ranked_point(int interval, int columns_log2, uint64_t number) {
  const int size_log2 = interval_size_log2(interval);
  const uint32_t cells = 1u << (size_log2 + 16 - columns_log2);
  const uint32_t position = static_cast<uint32_t>(number) & (cells - 1);
  const auto begin = static_cast<uint32_t>(interval_begin(interval));
  return {begin + (position & ((1u << size_log2) - 1)), position >> size_log2};
}

// The streams of points of one segment: at most one for each rung and interval.
constexpr int kMostStreams = kSparseRungs * kMostIntervals;

// Lanes of a group whose own threshold is the special value "always".
template <class Member>
EDEN_HD inline uint32_t always_lanes(const TableEntry* entries, Member member) {
  uint32_t lanes = 0;
  for (int lane = 0; lane < 32; ++lane) {
    lanes |= static_cast<uint32_t>(entries[lane].*member == kAlways) << lane;
  }
  return lanes;
}

// Plane j of the thresholds of 32 neighbouring entries, for the lanes that are still of interest.
template <class Member>
EDEN_HD inline uint32_t gathered_plane(const TableEntry* entries, Member member, uint32_t lanes,
                                       int j) {
  uint32_t plane = 0;
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = lowest_bit(lanes);
    plane |= static_cast<uint32_t>((entries[lane].*member >> (63 - j)) & 1) << lane;
  }
  return plane;
}

}  // namespace eden
