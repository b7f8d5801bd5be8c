#pragma once

#include <cstdint>

#include "kernels/cpu/weak/draw.h"
#include "kernels/cpu/weak/point.h"
#include "kernels/law/cells.h"

namespace eden {

// The points of one segment: first all but the first of each stream, stream by stream, then these.
struct Points {
  static constexpr int kMost = 5120;

  int count;  // numbers, among them some of kNoRung, which are no points
  alignas(64) uint64_t number[kMost + 2 * kDrawSlack];
  StreamCode code[kMost + kDrawSlack];

  int live;                          // streams that have points
  uint8_t stream[kMostStreams + 1];  // [live]
  int begin[kMostStreams];           // where the points after the first of each begin
  int rest[kMostStreams];            // and how many they are
  const uint64_t* firsts() const { return number + count - live; }

  // While they are drawn: the first block of each stream, and the counters of the others.
  static constexpr int kStep = 4;  // more blocks than needed may be listed
  uint64_t heads[2 * (kMostStreams + kDrawSlack)];
  uint32_t what[kMost / 2 + kStep + kDrawSlack], index[kMost / 2 + kStep + kDrawSlack];
};

// The streams from which the sparse points of each segment come.
class PointStreams {
 public:
  int count() const { return count_; }
  StreamCode operator[](int i) const { return codes_[i]; }

  // One more, of points among 2^cells_log2 cells.
  void add(Purpose purpose, StreamCode code, int cells_log2);

  // Draws the points of the first n streams.
  void draw(const Draw& draw, uint64_t key, uint64_t segment, int n, Points* points) const;

 private:
  int count_ = 0;
  StreamCode codes_[kMostStreams];
  uint32_t what_[kMostStreams + kDrawSlack] = {};  // tells their random numbers from each other
  int8_t mean_log2_[kMostStreams];                 // of their number of points
  // The first entries of the table of counts of each: a count is how many a number reaches.
  static constexpr int kFirstLimits = 3;
  uint64_t limits_[kFirstLimits][kMostStreams];
};

}  // namespace eden
