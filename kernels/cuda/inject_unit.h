#pragma once

#include <cstdint>

#include "kernels/cuda/dense.h"
#include "kernels/cuda/failures.h"
#include "kernels/cuda/load.h"
#include "kernels/cuda/sparse.h"

namespace eden {

// Everything about the segment that is not known from the parameters: the empty mask, what its
// entries of the table say, the bounds.
template <class Element, class Block>
EDEN_HD void begin_segment(Block& block, const InjectParams& p, const BitlineSummary* summary,
                           const SegmentRange& range, SegmentShared& s, uint32_t* failed) {
  block.each([&](int t) {
    for (int word = t; word < kMaskWords; word += block.threads()) {
      s.weak[word] = 0;
      failed[word] = 0;
    }
    if (t == 0) {
      s.listed = 0;
      s.undecided = 0;
      s.stress = p.law == Law::kCell ? p.table[0].stress : 0;
      s.facts = p.law == Law::kCell      ? facts_of(p.table[0])
                : p.law == Law::kBitline ? summary->facts
                                         : 0;
    }
    if (t == block.threads() - 1 && p.correction != Correction::kOff) {
      s.bounds = round_inward<Element>({p.bounds[0], p.bounds[1]});
    }
  });
  block.barrier();
  if (p.law != Law::kWordline) return;
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

// One unit, from its weak cells to its last copy.
//
// `summary` is read for the bitline law alone. `failed` has kMaskWords words of its own where the
// unit has several copies, which share the weak cells; else it may be s.weak.
template <class Element, class Codec, class Block>
EDEN_HD void inject_unit(Block& block, const InjectParams& p, const PoissonTables& tables,
                         const BitlineSummary* summary, const InjectUnits& units, int64_t unit,
                         SegmentShared& s, uint32_t* failed) {
  const int64_t chunk = unit / units.segments;
  const int64_t segment = units.first_segment + unit % units.segments;
  const SegmentRange range = segment_range(p, Codec::kBits, segment);
  const SegmentScales scales(p, (range.begin + range.first) / Codec::kBits);
  using Load = CopyLoad<Element, Codec>;
  const int64_t copy_begin = p.copies * chunk / units.chunks;
  const int64_t copy_end = p.copies * (chunk + 1) / units.chunks;
  // The memory can be busy with the first copy while the weak cells are found.
  block.each([&](int t) { Load(p, range, scales, Bounds{}, copy_begin).prefetch(block, t); });

  begin_segment<Element>(block, p, summary, range, s, failed);
  add_sparse(block, p, tables, summary, range, s);
  if ((s.facts & kDense) != 0) add_dense(block, p, summary, range, s);
  const bool survives = (s.facts & kSurvives) != 0;
  for (int64_t copy = copy_begin; copy < copy_end; ++copy) {
    const Load load(p, range, scales, s.bounds, copy);
    if (survives) find_failures(block, p, summary, range, s, load, copy, failed);
    load.run(block, survives ? failed : s.weak);
    // The next copy's failures, or the next unit, go where this one's were read.
    if (survives || copy + 1 == copy_end) block.barrier();
  }
}

}  // namespace eden
