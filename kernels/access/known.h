#pragma once

#include <cstdint>

#include "kernels/access/params.h"
#include "kernels/law/cells.h"

// Known cells: a table of one entry a weak cell, in ascending order of bit addresses
// (Lookup::kKnown). Whatever a table's order, nothing outside of it is followed.

namespace eden {

// Neighbouring entries of such a table.
struct KnownCells {
  const TableEntry* begin;
  const TableEntry* end;

  EDEN_HD int64_t count() const { return end - begin; }
};

EDEN_HD inline KnownCells all_known(const InjectParams& p) {
  return {p.table, p.table + p.entries};
}

// The first cell from a bit address on.
EDEN_HD inline const TableEntry* first_known(const KnownCells& among, uint64_t address) {
  const TableEntry* first = among.begin;
  for (int64_t n = among.count(); n > 0;) {
    const int64_t half = n / 2;
    if (first[half].bit_address() < address) {
      first += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return first;
}

// Those with bit addresses in [first, last).
EDEN_HD inline KnownCells known_within(const KnownCells& among, uint64_t first, uint64_t last) {
  const TableEntry* begin = first_known(among, first);
  return {begin, first_known({begin, among.end}, last)};
}

// What `failing` (kernels/access/entry.h) returns, each lane by the entry of its own.
//
// `of_segment` are known cells of the segment, at least those of the weak lanes.
EDEN_HD inline uint32_t failing_known(const KnownCells& of_segment, uint64_t segment, uint32_t word,
                                      uint32_t weak, uint32_t stored, uint64_t access_key) {
  const uint64_t group = segment * kSegmentWords + word;
  const KnownCells own = known_within(of_segment, 32 * group, 32 * group + 32);
  // Lanes of which `holds` says so of their threshold.
  const auto lanes_where = [&](auto holds) {
    uint32_t lanes = 0;
    for (const TableEntry* cell = own.begin; cell != own.end; ++cell) {
      const uint32_t lane = cell->bit_address() % 32;
      const uint64_t threshold = (stored >> lane & 1) != 0 ? cell->fail_one : cell->fail_zero;
      lanes |= static_cast<uint32_t>(holds(threshold)) << lane;
    }
    return lanes;
  };
  const uint32_t always = lanes_where([](uint64_t threshold) { return threshold == kAlways; });
  const uint32_t drawn = below(access_key, group, Purpose::kAccess, weak & ~always, [&](int j) {
    return lanes_where([&](uint64_t threshold) { return (threshold >> (63 - j) & 1) != 0; });
  });
  return (weak & always) | drawn;
}

}  // namespace eden
