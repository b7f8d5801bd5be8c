#pragma once

#include "kernels/cuda/block.h"
#include "kernels/cuda/inject_unit.h"
#include "kernels/cuda/launch.h"
#include "kernels/formats/dispatch.h"

// The kernel around inject_unit, for .cu files: one for each element type, so that they compile
// side by side.

namespace eden {

void inject_fp32(const InjectParams&, const InjectUnits&, const BitlineSummary*, CUstream_st*);
void inject_fp16(const InjectParams&, const InjectUnits&, const BitlineSummary*, CUstream_st*);
void inject_bf16(const InjectParams&, const InjectUnits&, const BitlineSummary*, CUstream_st*);
void inject_bytes(const InjectParams&, const InjectUnits&, const BitlineSummary*, CUstream_st*);

// Blocks that shall fit on a multiprocessor, which leaves 56 registers a thread: with fewer, the
// dense rung spills the keys of its rounds. One block waits for its random numbers or its memory
// most of the time, so there must be several; with 64 registers and one block less, all but the
// plainest rates took up to a tenth longer on an H100.
constexpr int kInjectBlocks = 9;

namespace {

__device__ const PoissonTables device_poisson = kPoisson;

template <class Element, class Codec>
__global__ void __launch_bounds__(kInjectThreads, kInjectBlocks)
    inject(const __grid_constant__ InjectParams params, const InjectUnits units,
           const BitlineSummary* summary) {
  extern __shared__ __align__(16) char shared[];
  auto& s = *reinterpret_cast<SegmentShared*>(shared);
  uint32_t* failed =
      units.copies_each > 1 ? reinterpret_cast<uint32_t*>(shared + sizeof s) : s.weak;
  CudaBlock block;
  const InjectUnit unit{blockIdx.x, blockIdx.y, static_cast<int>(blockIdx.z)};
  inject_unit<Element, Codec>(block, params, device_poisson, summary, units, unit, s, failed);
}

template <class Element, class Codec>
void launch_inject(const InjectParams& params, const InjectUnits& units,
                   const BitlineSummary* summary, CUstream_st* stream) {
  constexpr size_t kFailed = kMaskWords * sizeof(uint32_t);
  static_assert(sizeof(SegmentShared) + kFailed <= 48 * 1024, "more must be asked for");
  const size_t shared = sizeof(SegmentShared) + (units.copies_each > 1 ? kFailed : 0);
  // Neither number can be too large: 2^31 segments are 16 TiB, chunks are at most kUnitsWanted.
  const dim3 grid(static_cast<unsigned>(units.segments), static_cast<unsigned>(units.chunks),
                  static_cast<unsigned>(units.parts));
  inject<Element, Codec><<<grid, kInjectThreads, shared, stream>>>(params, units, summary);
  check_launch("inject");
}

}  // namespace

}  // namespace eden
