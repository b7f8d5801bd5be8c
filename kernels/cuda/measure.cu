#include <algorithm>

#include "kernels/cuda/block.h"
#include "kernels/cuda/inject_cuda.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/measure.h"
#include "kernels/dispatch.h"
#include "kernels/range.h"

namespace eden {
namespace {

// Enough blocks for any GPU; each loops over what is left.
constexpr unsigned kMostBlocks = 2048;

__device__ Place place() { return {blockIdx.x, gridDim.x}; }

template <class Element>
__global__ void __launch_bounds__(kMeasureThreads)
    see_range_kernel(const void* x, int64_t n, uint32_t* seen) {
  __shared__ uint32_t shared[3];
  CudaBlock block;
  see_range<Element>(block, place(), x, n, shared, seen);
}

__global__ void range_to_bounds(const uint32_t* seen, Stored stored, float* bounds, float* scale) {
  const float step = scale == nullptr ? 1.0f : step_of(float_from_bits(seen[2]), stored);
  const Bounds plausible =
      plausible_bounds(Seen::value(~seen[0]), Seen::value(seen[1]), stored, step);
  bounds[0] = plausible.lo;
  bounds[1] = plausible.hi;
  if (scale != nullptr) *scale = step;
}

template <class Element, class Codec>
__global__ void __launch_bounds__(kMeasureThreads)
    count_flips_kernel(const void* x, const void* y, const float* scale, int64_t n,
                       uint64_t* counts) {
  __shared__ uint32_t shared[64];
  CudaBlock block;
  count_flips<Element, Codec>(block, place(), x, y, scale, n, shared, counts);
}

template <class Raw>
__global__ void __launch_bounds__(kMeasureThreads)
    keep_plausible_kernel(const void* grad, const uint8_t* corrected, void* out, int64_t n) {
  CudaBlock block;
  keep_plausible<Raw>(block, place(), grad, corrected, out, n);
}

unsigned grid_of(ElementType element, int64_t n) {
  return grid_for(n * element_bytes(element), 16 * kLoadsInFlight * kMeasureThreads, kMostBlocks);
}

void launch_see_range(const void* x, ElementType element, int64_t n, uint32_t* seen,
                      CUstream_st* stream) {
  const unsigned grid = grid_of(element, n);
  switch (element) {
    case ElementType::kFp16:
      see_range_kernel<Fp16><<<grid, kMeasureThreads, 0, stream>>>(x, n, seen);
      break;
    case ElementType::kBf16:
      see_range_kernel<Bf16><<<grid, kMeasureThreads, 0, stream>>>(x, n, seen);
      break;
    default:
      see_range_kernel<Fp32><<<grid, kMeasureThreads, 0, stream>>>(x, n, seen);
  }
  check_launch("see_range");
}

}  // namespace

void weight_range_cuda(const void* x, ElementType element, Stored stored, int64_t n, float* bounds,
                       float* scale, void* scratch, CUstream_st* stream) {
  auto* seen = static_cast<uint32_t*>(scratch);
  check_cuda(cudaMemsetAsync(seen, 0, 3 * sizeof *seen, stream), "cudaMemsetAsync");
  launch_see_range(x, element, n, seen, stream);
  range_to_bounds<<<1, 1, 0, stream>>>(seen, stored, bounds, scale);
  check_launch("range_to_bounds");
}

void count_flips_cuda(const void* x, const void* y, ElementType element, Stored stored,
                      const float* scale, int64_t n, int64_t* counts, CUstream_st* stream) {
  if (n == 0) return;
  const unsigned grid = grid_of(element, n);
  dispatch(element, stored, [&](auto type, auto codec) {
    count_flips_kernel<decltype(type), decltype(codec)>
        <<<grid, kMeasureThreads, 0, stream>>>(x, y, scale, n, reinterpret_cast<uint64_t*>(counts));
  });
  check_launch("count_flips");
}

void keep_plausible_cuda(const void* grad, const uint8_t* corrected, void* out, ElementType element,
                         int64_t n, CUstream_st* stream) {
  if (n == 0) return;
  const unsigned grid = grid_of(element, n);
  if (element_bytes(element) == 4) {
    keep_plausible_kernel<uint32_t><<<grid, kMeasureThreads, 0, stream>>>(grad, corrected, out, n);
  } else {
    keep_plausible_kernel<uint16_t><<<grid, kMeasureThreads, 0, stream>>>(grad, corrected, out, n);
  }
  check_launch("keep_plausible");
}

}  // namespace eden
