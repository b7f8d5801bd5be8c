#include "kernels/cuda/count_flips.h"
#include "kernels/cuda/count_flips_body.h"
#include "kernels/cuda/visit_kernel.h"

namespace eden {
namespace {

template <class Element, class Codec>
__global__ void __launch_bounds__(kVisitThreads)
    count_flips_kernel(const void* x, const void* y, const float* scales, int64_t run, int64_t n,
                       uint64_t* counts) {
  __shared__ uint32_t shared[64];
  CudaBlock block;
  count_flips<Element, Codec>(block, part(), x, y, scales, run, n, shared, counts);
}

}  // namespace

void count_flips_cuda(const void* x, const void* y, ElementType element, Stored stored,
                      const float* scales, int64_t run, int64_t n, int64_t* counts,
                      CUstream_st* stream) {
  if (n == 0) return;
  const unsigned grid = grid_of(element, n);
  dispatch(element, stored, [&](auto type, auto codec) {
    count_flips_kernel<decltype(type), decltype(codec)><<<grid, kVisitThreads, 0, stream>>>(
        x, y, scales, run, n, reinterpret_cast<uint64_t*>(counts));
  });
  check_launch("count_flips");
}

}  // namespace eden
