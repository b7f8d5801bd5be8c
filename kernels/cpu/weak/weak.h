#pragma once

#include <cstdint>

#include "kernels/access/stored_bits.h"
#include "kernels/cpu/weak/draw.h"
#include "kernels/cpu/weak/summary.h"
#include "kernels/formats/dispatch.h"

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

// Finds the weak cells of a part of a segment. Where they are many or dense the list is left out if
// they always fail: then the mask is all that is needed.
void find_weak_cells(const InjectParams& params, const TableSummary& summary, const Draw& draw,
                     const StoredBits::Part& part, WeakCells* weak);

// The same from the n cells of the segment that were kept.
void recall_weak_cells(const uint16_t* cells, int64_t n, bool always_fails,
                       const StoredBits::Part& part, WeakCells* weak);

}  // namespace eden
