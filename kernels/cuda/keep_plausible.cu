#include "kernels/cuda/keep_plausible.h"
#include "kernels/cuda/keep_plausible_body.h"
#include "kernels/cuda/visit_kernel.h"

namespace eden {
namespace {

template <class Raw>
__global__ void __launch_bounds__(kVisitThreads)
    keep_plausible_kernel(const void* grad, const uint8_t* corrected, void* out, int64_t n) {
  CudaBlock block;
  keep_plausible<Raw>(block, part(), grad, corrected, out, n);
}

}  // namespace

void keep_plausible_cuda(const void* grad, const uint8_t* corrected, void* out, ElementType element,
                         int64_t n, CUstream_st* stream) {
  if (n == 0) return;
  const unsigned grid = grid_of(element, n);
  if (element_bytes(element) == 4) {
    keep_plausible_kernel<uint32_t><<<grid, kVisitThreads, 0, stream>>>(grad, corrected, out, n);
  } else {
    keep_plausible_kernel<uint16_t><<<grid, kVisitThreads, 0, stream>>>(grad, corrected, out, n);
  }
  check_launch("keep_plausible");
}

}  // namespace eden
