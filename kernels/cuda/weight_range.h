#pragma once

#include <cstdint>

#include "kernels/cuda/stream.h"
#include "kernels/formats/formats.h"

namespace eden {

constexpr int64_t kWeightRangeScratchBytes = 16;

// Bounds, and for an integer format the steps, of a tensor whose clean values are x: one step, or
// one for each of equal runs of elements. The bounds are the widest of the runs'.
void weight_range_cuda(const void* x,  // [n] of `element`, a float type; n >= 1
                       ElementType element, Stored stored, int64_t n, int64_t channels,
                       float* bounds,  // [2]
                       float* steps,   // [channels], or null for a float format
                       void* scratch,  // [kWeightRangeScratchBytes], 4-byte aligned
                       CUstream_st* stream);

}  // namespace eden
