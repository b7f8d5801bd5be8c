#include "kernels/cpu/weak/points.h"

#include "kernels/law/poisson.h"

namespace eden {
namespace {

constexpr int table_of(int mean_log2) { return mean_log2 - PoissonTables::kLeastExponent; }

// More points than these no segment has: all rungs of intervals of 2^6, 2^6, 2^7, ..., 2^15 cells.
constexpr int most_points() {
  int most = 0;
  for (int interval = 0; interval < kMostIntervals; ++interval) {
    for (int rung = 0; rung < kSparseRungs; ++rung) {
      const int table = table_of(rung_mean_log2(rung, interval_size_log2(interval)));
      most += kPoisson.begin[table + 1] - kPoisson.begin[table];
    }
  }
  return most;
}
static_assert(most_points() <= Points::kMost);

}  // namespace

void PointStreams::add(Purpose purpose, StreamCode code, int cells_log2) {
  const int mean_log2 = rung_mean_log2(code.rung(), cells_log2);
  codes_[count_] = code;
  what_[count_] = static_cast<uint32_t>(purpose) | (static_cast<uint32_t>(code.rung()) << 8) |
                  (static_cast<uint32_t>(code.interval()) << 16);
  mean_log2_[count_] = static_cast<int8_t>(mean_log2);
  const int table = table_of(mean_log2);
  for (int i = 0; i < kFirstLimits; ++i) {
    const int entry = kPoisson.begin[table] + i;
    limits_[i][count_] = entry < kPoisson.begin[table + 1] ? kPoisson.cdf[entry] : ~uint64_t{0};
  }
  ++count_;
}

void PointStreams::draw(const Draw& draw, uint64_t key, uint64_t segment, int n,
                        Points* points) const {
  static constexpr uint32_t kFirstBlock[kMostStreams + kDrawSlack] = {};
  constexpr int kStep = Points::kStep;
  uint64_t* const heads = points->heads;
  uint32_t* const what = points->what;
  uint32_t* const index = points->index;
  draw.blocks(key, segment, what_, kFirstBlock, n, heads);
  int live = 0;
  for (int i = 0; i < n; ++i) {
    points->stream[live] = static_cast<uint8_t>(i);
    live += heads[2 * i] >= limits_[0][i];
  }
  int blocks = 0;
  for (int k = 0; k < live; ++k) {
    const int i = points->stream[k];
    const uint64_t u = heads[2 * i];
    int drawn = 1 + static_cast<int>(u >= limits_[1][i]) + static_cast<int>(u >= limits_[2][i]);
    if (drawn == kFirstLimits) drawn = poisson_count(kPoisson, mean_log2_[i], u);
    points->begin[k] = 2 * blocks;
    points->rest[k] = drawn - 1;
    // Block b holds the points 2 b and 2 b + 1, counted from 1; the last may hold one too many.
    const int more = drawn / 2;
    // So many at a time, also where there is none: most streams have no more.
    int b = 0;
    do {
      for (int j = 0; j < kStep; ++j) {
        what[blocks + b + j] = what_[i];
        index[blocks + b + j] = static_cast<uint32_t>(1 + b + j);
        points->code[2 * (blocks + b + j)] = codes_[i];
        points->code[2 * (blocks + b + j) + 1] = codes_[i];
      }
      b += kStep;
    } while (b < more);
    blocks += more;
    if (more > 0 && drawn % 2 == 0) points->code[2 * blocks - 1] = StreamCode(kNoRung, 0);
  }
  draw.blocks(key, segment, what, index, blocks, points->number);
  for (int k = 0; k < live; ++k) {
    points->number[2 * blocks + k] = heads[2 * points->stream[k] + 1];
    points->code[2 * blocks + k] = codes_[points->stream[k]];
  }
  points->live = live;
  points->count = 2 * blocks + live;
}

}  // namespace eden
