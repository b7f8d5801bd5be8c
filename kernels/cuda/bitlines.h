#pragma once

#include <cstdint>

#include "kernels/access/params.h"
#include "kernels/law/cells.h"

// What the bitline model reads about its table, made once for a whole tensor, in scratch memory:
// its size depends on the row alone.

namespace eden {

constexpr int kPlanes = 64;

// What holds for some entry of a table.
constexpr uint32_t kDense = 1;        // it reaches into the dense rung
constexpr uint32_t kSurvives = 2;     // a weak cell may work for now
constexpr uint32_t kByStoredBit = 4;  // a 1 and a 0 fail differently

EDEN_HD inline uint32_t facts_of(const TableEntry& entry) {
  uint32_t facts = 0;
  if (entry.dense != 0) facts |= kDense;
  if (entry.fail_one != kAlways || entry.fail_zero != kAlways) facts |= kSurvives;
  if (entry.fail_one != entry.fail_zero) facts |= kByStoredBit;
  return facts;
}

struct alignas(16) BitlineSummary {
  uint64_t interval_stress[kMostIntervals];  // greatest stress of each interval of ranks
  uint32_t facts;
};

// The thresholds of 32 neighbouring bitlines, turned: reading 32 entries for each plane would cost
// more than drawing the numbers.
struct alignas(16) Thresholds {
  uint32_t plane[kPlanes];
  uint32_t some;    // lanes that are not 0
  uint32_t always;  // lanes with the special value
};

struct BitlineGroup {
  Thresholds dense, fail_one, fail_zero;
};

EDEN_HD inline int bitline_groups(const InjectParams& p) {
  return static_cast<int>(p.row_bytes / 4);
}

EDEN_HD inline BitlineGroup* groups_of(BitlineSummary* summary) {
  return reinterpret_cast<BitlineGroup*>(summary + 1);
}
EDEN_HD inline const BitlineGroup* groups_of(const BitlineSummary* summary) {
  return reinterpret_cast<const BitlineGroup*>(summary + 1);
}

constexpr int kBitlineThreads = kPlanes;

struct BitlineShared {
  uint64_t threshold[3][32];
  uint64_t stress;
  uint32_t facts, some[3], always[3];
};

// Adds 32 ranks and the 32 bitlines of the same number to a summary that was all zero.
template <class Block>
EDEN_HD void summarize_bitlines(Block& block, const InjectParams& p, int group, BitlineShared& s,
                                BitlineSummary* summary) {
  const auto columns = static_cast<uint32_t>(8 * p.row_bytes);
  block.each([&](int t) {
    if (t == 0) {
      s.stress = 0;
      s.facts = 0;
      for (int m = 0; m < 3; ++m) s.some[m] = s.always[m] = 0;
    }
  });
  block.barrier();
  block.each([&](int t) {
    for (int lane = t; lane < 32; lane += block.threads()) {
      const uint32_t number = static_cast<uint32_t>(group) * 32 + static_cast<uint32_t>(lane);
      // The order was not checked; a wrong one must not lead outside of the table.
      const uint32_t column = static_cast<uint32_t>(p.rank_columns[number]) & (columns - 1);
      block.atomic_max(&s.stress, p.table[column].stress);
      const TableEntry& entry = p.table[number];
      block.atomic_or(&s.facts, facts_of(entry));
      const uint64_t thresholds[3] = {entry.dense, entry.fail_one, entry.fail_zero};
      for (int m = 0; m < 3; ++m) {
        s.threshold[m][lane] = thresholds[m];
        if (thresholds[m] != 0) block.atomic_or(&s.some[m], uint32_t{1} << lane);
        if (thresholds[m] == kAlways) block.atomic_or(&s.always[m], uint32_t{1} << lane);
      }
    }
  });
  block.barrier();
  block.each([&](int t) {
    BitlineGroup& own = groups_of(summary)[group];
    Thresholds* members[3] = {&own.dense, &own.fail_one, &own.fail_zero};
    for (int m = 0; m < 3; ++m) {
      // Where all lanes are 0 or always, nobody looks at the planes.
      const bool needed = (s.some[m] & ~s.always[m]) != 0;
      for (int j = t; j < kPlanes; j += block.threads()) {
        uint32_t plane = 0;
        for (int lane = 0; needed && lane < 32; ++lane) {
          plane |= static_cast<uint32_t>((s.threshold[m][lane] >> (63 - j)) & 1) << lane;
        }
        members[m]->plane[j] = plane;
      }
      if (t == 0) {
        members[m]->some = s.some[m];
        members[m]->always = s.always[m];
      }
    }
    if (t == 0) {
      // 32 ranks from a multiple of 32 lie in one interval: [0, 64), [64, 128), [128, 256), ...
      int interval = 0;
      while (interval_begin(interval + 1) <= group * 32) ++interval;
      block.atomic_max(&summary->interval_stress[interval], s.stress);
      block.atomic_or(&summary->facts, s.facts);
    }
  });
}

}  // namespace eden
