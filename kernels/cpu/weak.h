#pragma once

#include <cstdint>

#include "kernels/cpu/draw.h"
#include "kernels/cpu/summary.h"

namespace eden {

// The weak cells of one segment, as a bit mask and the list of its words that are not zero.
struct WeakCells {
  alignas(64) uint32_t mask[kSegmentWords + kDrawSlack] = {};
  uint16_t words[kSegmentWords + 1];  // in no order; one more is written than counts
  int count = 0;

  void clear();
};

// Adds the weak cells among bits [first, last) of a segment (0 <= first < last <= 2^16).
void find_weak_cells(const InjectParams& params, const TableSummary& summary, const Draw& draw,
                     uint64_t segment, int first, int last, WeakCells* weak);

}  // namespace eden
