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
  see_range<Element>(block, part(), x, n, shared, seen);
}

template <class Element>
__global__ void __launch_bounds__(kVisitThreads)
    see_channels_kernel(const void* x, int64_t channels, int64_t run, Stored stored, float* steps,
                        uint32_t* seen) {
  __shared__ uint32_t shared[3];
  CudaBlock block;
  see_channels<Element>(block, part(), x, channels, run, stored, shared, steps, seen);
}

__global__ void range_to_bounds(const uint32_t* seen, Stored stored, float* bounds, float* scale) {
  const float step = scale == nullptr ? 1.0f : step_of(float_from_bits(seen[2]), stored);
  const Bounds plausible =
      plausible_bounds(Seen::value(~seen[0]), Seen::value(seen[1]), stored, step);
  bounds[0] = plausible.lo;
  bounds[1] = plausible.hi;
  if (scale != nullptr) *scale = step;
}

__global__ void seen_bounds(const uint32_t* seen, float* bounds) {
  bounds[0] = Seen::value(~seen[0]);
  bounds[1] = Seen::value(seen[1]);
}

template <class Launch>
void visit_float(ElementType element, Launch launch) {
  if (element == ElementType::kFp16) return launch(Fp16{});
  if (element == ElementType::kBf16) return launch(Bf16{});
  return launch(Fp32{});
}

}  // namespace

void weight_range_cuda(const void* x, ElementType element, Stored stored, int64_t n,
                       int64_t channels, float* bounds, float* steps, void* scratch,
                       CUstream_st* stream) {
  auto* seen = static_cast<uint32_t*>(scratch);
  check_cuda(cudaMemsetAsync(seen, 0, 3 * sizeof *seen, stream), "cudaMemsetAsync");
  // One run is shared out among all blocks, of several each is one block's.
  if (channels <= 1) {
    visit_float(element, [&](auto type) {
      see_range_kernel<decltype(type)>
          <<<grid_of(element, n), kVisitThreads, 0, stream>>>(x, n, seen);
    });
    check_launch("see_range");
    range_to_bounds<<<1, 1, 0, stream>>>(seen, stored, bounds, steps);
    return check_launch("range_to_bounds");
  }
  visit_float(element, [&](auto type) {
    see_channels_kernel<decltype(type)><<<grid_for(channels, 1, 2048), kVisitThreads, 0, stream>>>(
        x, channels, n / channels, stored, steps, seen);
  });
  check_launch("see_channels");
  seen_bounds<<<1, 1, 0, stream>>>(seen, bounds);
  check_launch("seen_bounds");
}

}  // namespace eden
