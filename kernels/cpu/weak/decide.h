#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/weak/draw.h"
#include "kernels/law/table.h"

namespace eden {

// taken[i] = the lanes open[i] of group words[i] whose number is below their threshold: what
// `below` in kernels/law/table.h returns for it, for i < n <= kSegmentWords. Uses up `open`.
//
// planes_of(where, n, plane, planes, room) returns where the planes `plane` ... of the thresholds
// of the groups where[0] ... where[n - 1] lie, at [j * kSegmentWords + i]; with `same` only those
// of one group, at [j * kSegmentWords]. It may write them to `room`. At first it is asked for all
// groups in their order, with `where` null. `blocks` (1 or 2) is how many Philox blocks to begin
// with.
template <class PlanesOf>
void decide(const Draw& draw, uint64_t key, uint64_t segment, Purpose purpose, int blocks,
            bool same, int n, const uint16_t* words, uint32_t* open, uint32_t* taken,
            PlanesOf planes_of) {
  alignas(64) uint32_t room[2 * 4 * kSegmentWords];
  const uint64_t place = segment * kSegmentWords;
  std::fill_n(taken, n, 0u);
  const uint32_t* planes = planes_of(static_cast<const uint16_t*>(nullptr), n, 0, 4 * blocks, room);
  draw.compare(key, place, purpose, 0, blocks, n, words, planes, same, open, taken);
  // Few groups are still undecided: on with these alone.
  alignas(64) WordLanes below;
  WordNumbers where, kept, rest;
  n = draw.keep_open(n, open, kept);
  std::copy_n(kept, n, where);
  for (uint32_t index = static_cast<uint32_t>(blocks); n > 0 && index < 16; ++index) {
    for (int i = 0; i < n; ++i) {
      open[i] = open[kept[i]];
      rest[i] = words[where[i]];
    }
    std::fill_n(below, n, 0u);
    planes =
        planes_of(static_cast<const uint16_t*>(where), n, static_cast<int>(4 * index), 4, room);
    draw.compare(key, place, purpose, index, 1, n, rest, planes, same, open, below);
    for (int i = 0; i < n; ++i) taken[where[i]] |= below[i];
    n = draw.keep_open(n, open, kept);
    for (int i = 0; i < n; ++i) where[i] = where[kept[i]];
  }
}

}  // namespace eden
