#pragma once

#include "kernels/cuda/block.h"
#include "kernels/cuda/inject_unit.h"
#include "kernels/cuda/launch.h"
#include "kernels/dispatch.h"

// The kernel around inject_unit, for .cu files: one for each element type, so that they compile
// side by side.

namespace eden {

void inject_fp32(const InjectParams&, const InjectUnits&, const BitlineSummary*, CUstream_st*);
void inject_fp16(const InjectParams&, const InjectUnits&, const BitlineSummary*, CUstream_st*);
void inject_bf16(const InjectParams&, const InjectUnits&, const BitlineSummary*, CUstream_st*);
void inject_bytes(const InjectParams&, const InjectUnits&, const BitlineSummary*, CUstream_st*);

// Blocks that shall fit on a multiprocessor: a bound for the compiler's use of registers. One block
// waits for its random numbers or its memory most of the time.
constexpr int kInjectBlocks = 12;

namespace {

__device__ const PoissonTables device_poisson = kPoisson;

template <class Element, class Codec>
__global__ void __launch_bounds__(kInjectThreads, kInjectBlocks)
    inject(const __grid_constant__ InjectParams params, const InjectUnits units,
           const BitlineSummary* summary) {
  extern __shared__ char shared[];
  auto& s = *reinterpret_cast<SegmentShared*>(shared);
  uint32_t* failed =
      params.copies > units.chunks ? reinterpret_cast<uint32_t*>(shared + sizeof s) : s.weak;
  CudaBlock block;
  for (int64_t unit = blockIdx.x; unit < units.count(); unit += gridDim.x) {
    inject_unit<Element, Codec>(block, params, device_poisson, summary, units, unit, s, failed);
  }
}

template <class Element, class Codec>
void launch_inject(const InjectParams& params, const InjectUnits& units,
                   const BitlineSummary* summary, CUstream_st* stream) {
  size_t shared = sizeof(SegmentShared);
  if (params.copies > units.chunks) shared += kMaskWords * sizeof(uint32_t);
  const unsigned grid = grid_for(units.count(), 1, 1u << 30);
  inject<Element, Codec><<<grid, kInjectThreads, shared, stream>>>(params, units, summary);
  check_launch("inject");
}

}  // namespace

}  // namespace eden
