#pragma once

#include <cstdint>

#include "kernels/access/entry.h"
#include "kernels/cuda/dense.h"
#include "kernels/cuda/failures.h"
#include "kernels/cuda/known.h"
#include "kernels/cuda/load.h"
#include "kernels/cuda/sparse.h"

namespace eden {

// Everything about the segment that is not known from the parameters: the empty mask, what its
// entries of the table say, the bounds.
template <class Element, class Codec, class Block>
EDEN_HD void begin_segment(Block& block, const InjectParams& p, const BitlineSummary* summary,
                           const SegmentRange& range, SegmentShared& s, uint32_t* failed) {
  block.each([&](int t) {
    for (int word = 4 * t; word < kMaskWords; word += 4 * block.threads()) {
      *reinterpret_cast<Vector*>(s.weak + word) = Vector{};
      if (failed != s.weak) *reinterpret_cast<Vector*>(failed + word) = Vector{};
    }
    if (t == 0) {
      s.listed = 0;
      s.undecided.count = s.still_undecided.count = 0;
      s.stress = p.lookup == Lookup::kCell ? p.table[0].stress : 0;
      s.facts = p.lookup == Lookup::kCell      ? facts_of(p.table[0])
                : p.lookup == Lookup::kBitline ? summary->facts
                                               : 0;
    }
    if (t == block.threads() - 1 && p.correction != Correction::kOff) {
      s.bounds = round_inward<Element>({p.bounds[0], p.bounds[1]});
    }
    if (t == block.threads() - 1 && Codec::kInteger) {
      s.scales.begin(p, (range.begin + range.first) / Codec::kBits);
    }
  });
  block.barrier();
  if (p.lookup != Lookup::kWordline) return;
  block.each([&](int t) {
    const int row_bits = static_cast<int>(8 * p.row_bytes);
    for (int bit = (range.first & -row_bits) + t * row_bits; bit < range.last;
         bit += block.threads() * row_bits) {
      const TableEntry& entry = entry_of(p, range.segment, static_cast<uint32_t>(bit));
      block.atomic_max(&s.stress, entry.stress);
      block.atomic_or(&s.facts, facts_of(entry));
    }
  });
  block.barrier();
}

// One unit, from its weak cells to its last copy: copies from chunk * copies_each on of its part of
// its segment.
//
// `summary` is read for the bitline lookup alone. `failed` has kMaskWords words of its own where
// the unit has several copies, which share the weak cells; else it may be s.weak.
template <class Element, class Codec, class Block>
EDEN_HD void inject_unit(Block& block, const InjectParams& p, const PoissonTables& tables,
                         const BitlineSummary* summary, const InjectUnits& units,
                         const InjectUnit& unit, SegmentShared& s, uint32_t* failed) {
  using Load = CopyLoad<Element, Codec>;
  const SegmentRange range = segment_range(p, Codec::kBits, units, unit);
  if (range.first >= range.last) return;
  const int64_t begin = unit.chunk * units.copies_each;
  const int64_t end = begin + units.copies_each < p.copies ? begin + units.copies_each : p.copies;
  // The memory can be busy with the first copy while the weak cells are found.
  block.each([&](int t) { Load(p, range, s, begin).prefetch(block, t); });

  begin_segment<Element, Codec>(block, p, summary, range, s, failed);
  if (p.lookup == Lookup::kKnown) {
    add_known(block, p, range, s);
  } else {
    add_sparse(block, p, tables, summary, range, s);
    if ((s.facts & kDense) != 0) add_dense(block, p, summary, range, s);
  }
  const bool survives = (s.facts & kSurvives) != 0;
  for (int64_t copy = begin; copy < end; ++copy) {
    const Load load(p, range, s, copy);
    if (survives) find_failures(block, p, summary, range, s, load, copy, failed);
    load.run(block, survives ? failed : s.weak);
    // The next copy's failures go where this one's were read.
    if (survives) block.barrier();
  }
}

}  // namespace eden
