#pragma once

#include <cstdint>

#include "kernels/access/params.h"
#include "kernels/law/cells.h"

// Which entry of the injection table a cell reads, and what follows from it: shared by CPU and
// CUDA.

namespace eden {

// Entry of the table that the cell at a bit of a segment reads.
EDEN_HD inline const TableEntry& entry_of(const InjectParams& p, uint64_t segment, uint32_t bit) {
  switch (p.lookup) {
    case Lookup::kBitline:
      return p.table[bit & (8 * p.row_bytes - 1)];
    case Lookup::kWordline:
      return p.table[(segment * kSegmentBytes + bit / 8) >> log2_exact(p.row_bytes)];
    default:
      return p.table[0];
  }
}

// Of the weak lanes of one word of a segment, those that fail under an access key.
//
// `stored` holds the bits the lanes store; it is read only where the table says that a 1 and a 0
// fail differently.
EDEN_HD inline uint32_t failing(const InjectParams& p, uint64_t segment, uint32_t word,
                                uint32_t weak, uint32_t stored, uint64_t access_key) {
  const TableEntry& entry = entry_of(p, segment, word * 32);
  const uint64_t group = segment * kSegmentWords + word;
  const bool bitline = p.lookup == Lookup::kBitline;
  const auto lanes_always = [&](auto member) {
    if (bitline) return always_lanes(&entry, member);
    return entry.*member == kAlways ? ~uint32_t{0} : uint32_t{0};
  };
  const uint32_t always = (stored & lanes_always(&TableEntry::fail_one)) |
                          (~stored & lanes_always(&TableEntry::fail_zero));
  const auto plane_of = [&](auto member, int j) {
    return bitline ? gathered_plane(&entry, member, weak, j) : equal_plane(entry.*member, j);
  };
  const uint32_t drawn = below(access_key, group, Purpose::kAccess, weak & ~always, [&](int j) {
    return (stored & plane_of(&TableEntry::fail_one, j)) |
           (~stored & plane_of(&TableEntry::fail_zero, j));
  });
  return (weak & always) | drawn;
}

}  // namespace eden
