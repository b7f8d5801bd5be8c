#pragma once

#include <cstdint>

#include "kernels/cpu/weak/draw.h"
#include "kernels/cpu/weak/summary.h"

namespace eden {

// flips[i] = of the lanes weak[i] of word words[i] of a segment, those that fail under an access
// key: what `failing` in kernels/access/entry.h returns for each.
//
// `stored[i]` holds the bits that the lanes store; null where the table makes no difference between
// a 1 and a 0. n <= kSegmentWords.
void find_failing(const InjectParams& params, const TableSummary& summary, const Draw& draw,
                  uint64_t segment, const uint16_t* words, int n, const uint32_t* weak,
                  const uint32_t* stored, uint64_t access_key, uint32_t* flips);

}  // namespace eden
