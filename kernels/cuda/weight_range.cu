#include "kernels/cuda/visit_kernel.h"
#include "kernels/cuda/weight_range.h"
#include "kernels/cuda/weight_range_body.h"
#include "kernels/formats/range.h"

namespace eden {
namespace {

template <class Element>
__global__ void __launch_bounds__(kVisitThreads)
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

void launch_see_range(const void* x, ElementType element, int64_t n, uint32_t* seen,
                      CUstream_st* stream) {
  const unsigned grid = grid_of(element, n);
  switch (element) {
    case ElementType::kFp16:
      see_range_kernel<Fp16><<<grid, kVisitThreads, 0, stream>>>(x, n, seen);
      break;
    case ElementType::kBf16:
      see_range_kernel<Bf16><<<grid, kVisitThreads, 0, stream>>>(x, n, seen);
      break;
    default:
      see_range_kernel<Fp32><<<grid, kVisitThreads, 0, stream>>>(x, n, seen);
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

}  // namespace eden
