#pragma once

#include <cstdint>

#include "kernels/inject.h"

namespace eden {

// The weak cells of one segment, as a bit mask and the list of its words that are not zero.
struct WeakCells {
  uint32_t mask[kSegmentWords] = {};
  uint16_t words[kSegmentWords];
  int count = 0;

  void add(uint32_t word, uint32_t bits) {
    if (bits == 0) return;
    if (mask[word] == 0) words[count++] = static_cast<uint16_t>(word);
    mask[word] |= bits;
  }

  void clear() {
    for (int i = 0; i < count; ++i) mask[words[i]] = 0;
    count = 0;
  }
};

// What the table says once for a whole tensor: computed before the first segment.
struct TableSummary {
  uint64_t greatest_stress = 0;
  bool any_dense = false;
  bool always_fails = true;
  bool by_stored_bit = false;
  // Greatest stress of each interval of bitline ranks: [0, 64), [64, 128), [128, 256), ...
  uint64_t interval_stress[11] = {};
  int intervals = 0;
};

TableSummary summarize(const InjectParams& params);

// Adds the weak cells among bits [first, last) of a segment (0 <= first < last <= 2^16).
void find_weak_cells(const InjectParams& params, const TableSummary& summary, uint64_t segment,
                     int first, int last, WeakCells* weak);

}  // namespace eden
