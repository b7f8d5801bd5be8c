#pragma once

#include "kernels/cuda/block.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/visit.h"
#include "kernels/formats/dispatch.h"

// The grid around visit_tensor, for .cu files.

namespace eden {

inline __device__ GridPart part() { return {blockIdx.x, gridDim.x}; }

// Enough blocks for any GPU; each loops over what is left.
inline unsigned grid_of(ElementType element, int64_t n) {
  return grid_for(n * element_bytes(element), 16 * kLoadsInFlight * kVisitThreads, 2048);
}

}  // namespace eden
