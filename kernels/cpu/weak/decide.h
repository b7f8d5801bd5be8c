#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/weak/draw.h"
#include "kernels/law/table.h"

namespace eden {

// Groups of one segment whose lanes are compared with thresholds until all are decided.
struct Decision {
  uint64_t key, segment;
  Purpose purpose;
  int blocks;             // 1 or 2 Philox blocks to begin with
  bool same;              // one threshold for all groups
  int n;                  // groups, at most kSegmentWords
  const uint16_t* words;  // [n] of the segment
};

// What `decide` needs besides. The caller puts lanes into `open`, and finds those taken.
struct DecisionLanes {
  alignas(64) WordLanes open, taken;
  // Of the groups that are still undecided, and of them which.
  alignas(64) WordLanes below;
  WordNumbers where, kept, rest;
  alignas(64) uint32_t planes[2 * 4 * kSegmentWords];
};

// taken[i] = the lanes open[i] of group words[i] whose number is below their threshold: what
// `below` in kernels/law/table.h returns for it. Uses up `open`. Both are those of `lanes`, but
// `taken` may be elsewhere.
//
// planes_of(where, n, plane, planes, room) returns where the planes `plane` ... of the thresholds
// of the groups where[0] ... where[n - 1] lie, at [j * kSegmentWords + i]; with `same` only those
// of one group, at [j * kSegmentWords]. It may write them to `room`. At first it is asked for all
// groups in their order, with `where` null.
template <class PlanesOf>
void decide(const Draw& draw, const Decision& d, DecisionLanes* lanes, uint32_t* taken,
            PlanesOf planes_of) {
  uint32_t* const open = lanes->open;
  std::fill_n(taken, d.n, 0u);
  Comparison groups{};
  groups.key = d.key;
  groups.unit = d.segment * kSegmentWords;
  groups.purpose = d.purpose;
  groups.blocks = d.blocks;
  groups.same = d.same;
  groups.n = d.n;
  groups.words = d.words;
  groups.planes =
      planes_of(static_cast<const uint16_t*>(nullptr), d.n, 0, 4 * d.blocks, lanes->planes);
  groups.open = open;
  groups.taken = taken;
  draw.compare(groups);
  // Few groups are still undecided: on with these alone.
  uint16_t* const where = lanes->where;
  uint16_t* const kept = lanes->kept;
  int n = draw.keep_open(d.n, open, kept);
  std::copy_n(kept, n, where);
  groups.words = lanes->rest;
  groups.taken = lanes->below;
  groups.first = static_cast<uint32_t>(d.blocks);
  groups.blocks = 1;
  for (; n > 0 && groups.first < 16; ++groups.first) {
    for (int i = 0; i < n; ++i) {
      open[i] = open[kept[i]];
      lanes->rest[i] = d.words[where[i]];
    }
    std::fill_n(lanes->below, n, 0u);
    groups.n = n;
    groups.planes = planes_of(static_cast<const uint16_t*>(where), n,
                              static_cast<int>(4 * groups.first), 4, lanes->planes);
    draw.compare(groups);
    for (int i = 0; i < n; ++i) taken[where[i]] |= lanes->below[i];
    n = draw.keep_open(n, open, kept);
    for (int i = 0; i < n; ++i) where[i] = where[kept[i]];
  }
}

}  // namespace eden
