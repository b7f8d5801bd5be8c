#pragma once

#include "kernels/cpu/weak/weak.h"

namespace eden {

// What a thread needs for one segment after the other: some 200 KiB, more than a small stack has.
struct Workspace {
  WeakCells weak;
  SearchRoom room;
  alignas(64) uint32_t flips[kSegmentWords] = {};  // one bit for each of the segment
  alignas(64) uint32_t stored[kSegmentWords];
  // The same, of the words that hold weak cells.
  uint32_t listed_weak[kSegmentWords], listed_stored[kSegmentWords], listed_flips[kSegmentWords];
};

// That of this thread, made when it first asks and kept until it ends. Whoever uses it leaves no
// weak cells and no flips behind.
Workspace& workspace();

}  // namespace eden
