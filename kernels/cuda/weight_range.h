#pragma once

#include <cstdint>

#include "kernels/cuda/stream.h"
#include "kernels/formats/formats.h"

namespace eden {

constexpr int64_t kWeightRangeScratchBytes = 16;

// Bounds, and for an integer format the scale, of a tensor whose clean values are x.
void weight_range_cuda(const void* x,  // [n] of `element`, a float type; n >= 1
                       ElementType element, Stored stored, int64_t n,
                       float* bounds,  // [2]
                       float* scale,   // [1], or null for a float format
                       void* scratch,  // [kWeightRangeScratchBytes], 4-byte aligned
                       CUstream_st* stream);

}  // namespace eden
