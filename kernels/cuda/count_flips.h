#pragma once

#include <cstdint>

#include "kernels/cuda/stream.h"
#include "kernels/formats/formats.h"

namespace eden {

// Adds to counts[2 * bit] the 0 -> 1 flips and to counts[2 * bit + 1] the 1 -> 0 flips.
void count_flips_cuda(const void* x,  // [n] of `element`
                      const void* y,  // [n]
                      ElementType element, Stored stored,
                      const float* scales,  // [n / run], or null for a float format
                      int64_t run,          // elements that share a scale
                      int64_t n,
                      int64_t* counts,  // [2 * bits], zeroed
                      CUstream_st* stream);

}  // namespace eden
