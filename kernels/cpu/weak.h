#pragma once

#include <cstdint>

#include "kernels/cpu/draw.h"
#include "kernels/cpu/summary.h"

namespace eden {

// The weak cells of one segment, as a bit mask and a list of its words that may not be zero.
struct WeakCells {
  alignas(64) uint32_t mask[kSegmentWords + kDrawSlack] = {};  // read as a list
  WordNumbers words;                                           // in no order
  int count = 0;
  // Words are listed as they are found; else afterwards, or, where all cells always fail, not at
  // all: then the mask is all there is, and count that of all words.
  bool listed = true;

  void clear();
};

// Finds the weak cells among bits [first, last) of a segment (0 <= first < last <= 2^16). Where
// they are many or dense the list is left out if they always fail: then the mask is all that is
// needed.
void find_weak_cells(const InjectParams& params, const TableSummary& summary, const Draw& draw,
                     uint64_t segment, int first, int last, WeakCells* weak);

}  // namespace eden
