#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/draw.h"
#include "kernels/inject.h"

namespace eden {

// Which groups of a segment are to be decided: word numbers, and the lanes of interest of each.
struct Groups {
  int count = 0;
  uint16_t words[kChunkWords + kDrawSlack];
  uint32_t open[kChunkWords + kDrawSlack];

  void add(int word, uint32_t lanes) {
    words[count] = static_cast<uint16_t>(word);
    open[count] = lanes;
    count += lanes != 0;
  }
};

// taken[i] = the open lanes of group i whose number is below their threshold: what `below` in
// kernels/inject.h returns for it. Uses up `groups`.
//
// planes_of(where, n, plane, planes, room) returns where the planes `plane` ... of the thresholds
// of the groups where[0] ... where[n - 1] lie, at [j * kChunkWords + i]; with `same` only those of
// one group, at [j * kChunkWords]. It may write them to `room`. It is asked for all groups in their
// order first. `blocks` (1 or 2) is how many Philox blocks to begin with.
template <class PlanesOf>
void decide(const Draw& draw, uint64_t key, uint64_t segment, Purpose purpose, int blocks,
            bool same, Groups* groups, uint32_t* taken, PlanesOf planes_of) {
  alignas(64) uint32_t room[2 * 4 * kChunkWords];
  alignas(64) uint32_t below[kChunkWords + kDrawSlack];
  uint16_t where[kChunkWords + kDrawSlack];
  const uint64_t place = segment * kSegmentWords;
  int n = groups->count;
  for (int i = 0; i < kChunkWords; ++i) where[i] = static_cast<uint16_t>(i);
  std::fill_n(taken, n, 0u);
  const uint32_t* planes = planes_of(where, n, 0, 4 * blocks, room);
  draw.compare(key, place, purpose, 0, blocks, n, groups->words, planes, same, groups->open, taken);
  for (uint32_t index = static_cast<uint32_t>(blocks); index < 16; ++index) {
    // Few groups are still undecided: on with these alone.
    n = draw.keep_open(n, groups->words, where, groups->open);
    if (n == 0) return;
    std::fill_n(below, n, 0u);
    planes = planes_of(where, n, static_cast<int>(4 * index), 4, room);
    draw.compare(key, place, purpose, index, 1, n, groups->words, planes, same, groups->open,
                 below);
    for (int i = 0; i < n; ++i) taken[where[i]] |= below[i];
  }
}

}  // namespace eden
