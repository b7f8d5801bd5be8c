#pragma once

#include <cstdint>

#include "kernels/cpu/weak/weak.h"

namespace eden {

// The words of a segment that hold weak cells, at one access.
struct WeakWords {
  uint64_t segment, access_key;
  int n;                   // at most kSegmentWords
  const uint16_t* words;   // [n]
  const uint32_t* weak;    // [n] weak lanes
  const uint32_t* stored;  // [n] the bits that the lanes store; null where the table makes no
                           // difference between a 1 and a 0
};

// flips[i] = of the lanes weak[i], those that fail: what `failing` in kernels/access/entry.h
// returns for each word.
void find_failing(const Search& search, WeakWords words, SearchRoom::Dense* room, uint32_t* flips);

}  // namespace eden
