#pragma once

#include <cstdint>

#include "kernels/access/known.h"
#include "kernels/cuda/segment.h"

// The weak cells of a module whose cells are known: nothing is drawn.

namespace eden {

// Finds those of the range and what their entries say, in one phase after one thread's search.
template <class Block>
EDEN_HD void add_known(Block& block, const InjectParams& p, const SegmentRange& range,
                       SegmentShared& s) {
  const uint64_t start = range.segment * kSegmentBits;
  block.each([&](int t) {
    if (t != 0) return;
    s.known = known_within(all_known(p), start + static_cast<uint64_t>(range.first),
                           start + static_cast<uint64_t>(range.last));
  });
  block.barrier();
  block.each([&](int t) {
    for (int64_t i = t; i < s.known.count(); i += block.threads()) {
      const TableEntry& entry = s.known.begin[i];
      // The order was not checked; a wrong one must not lead outside of the segment.
      const uint64_t bit = entry.bit_address() - start;
      if (bit >= kSegmentBits) continue;
      block.atomic_or(&s.facts, facts_of(entry));
      const auto word = static_cast<uint32_t>(bit / 32);
      if (block.atomic_or(&s.weak[word], uint32_t{1} << (bit % 32)) == 0) list_word(block, s, word);
    }
  });
  block.barrier();
}

}  // namespace eden
