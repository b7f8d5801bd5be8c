#include "kernels/cuda/keep_plausible.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>

#include "csrc/ops/checks.h"
#include "csrc/ops/cuda/on_device.h"

namespace eden::ops {
namespace {

Tensor keep_plausible_on_gpu(const Tensor& grad, const Tensor& corrected) {
  const ElementType element = check_keep_plausible(grad, corrected);
  Tensor out = torch::stable::empty_like(grad);
  if (grad.numel() == 0) return out;
  const OnDevice device(grad);
  keep_plausible_cuda(grad.const_data_ptr(),
                      static_cast<const uint8_t*>(corrected.const_data_ptr()),
                      out.mutable_data_ptr(), element, grad.numel(), device.stream());
  return out;
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CUDA, m) {
  m.impl("keep_plausible", TORCH_BOX(&eden::ops::keep_plausible_on_gpu));
}
