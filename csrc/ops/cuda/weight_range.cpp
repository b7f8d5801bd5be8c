#include "kernels/cuda/weight_range.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>
#include <tuple>

#include "csrc/ops/checks.h"
#include "csrc/ops/cuda/on_device.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

std::tuple<Tensor, Tensor> weight_range_on_gpu(const Tensor& x, int64_t stored, int64_t channels) {
  const ElementType element = check_weight_range(x, stored, channels);
  const auto format = static_cast<Stored>(stored);
  Tensor bounds = torch::stable::new_empty(x, {2}, ScalarType::Float);
  Tensor scale = new_steps(x, format, channels);
  Tensor scratch = torch::stable::new_empty(x, {kWeightRangeScratchBytes}, ScalarType::Byte);
  const OnDevice device(x);
  auto* steps = scale.numel() > 0 ? static_cast<float*>(scale.mutable_data_ptr()) : nullptr;
  weight_range_cuda(x.const_data_ptr(), element, format, x.numel(), scale.numel(),
                    static_cast<float*>(bounds.mutable_data_ptr()), steps,
                    scratch.mutable_data_ptr(), device.stream());
  return {bounds, scale};
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CUDA, m) {
  m.impl("weight_range", TORCH_BOX(&eden::ops::weight_range_on_gpu));
}
