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

std::tuple<Tensor, Tensor> weight_range_on_gpu(const Tensor& x, int64_t stored) {
  const ElementType element = check_weight_range(x, stored);
  const auto format = static_cast<Stored>(stored);
  const bool integer = format >= Stored::kInt16;
  Tensor bounds = torch::stable::new_empty(x, {2}, ScalarType::Float);
  Tensor scale = integer ? torch::stable::new_empty(x, {}, ScalarType::Float)
                         : torch::stable::new_empty(x, {0}, ScalarType::Float);
  Tensor scratch = torch::stable::new_empty(x, {kWeightRangeScratchBytes}, ScalarType::Byte);
  const OnDevice device(x);
  auto* step = integer ? static_cast<float*>(scale.mutable_data_ptr()) : nullptr;
  weight_range_cuda(x.const_data_ptr(), element, format, x.numel(),
                    static_cast<float*>(bounds.mutable_data_ptr()), step,
                    scratch.mutable_data_ptr(), device.stream());
  return {bounds, scale};
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CUDA, m) {
  m.impl("weight_range", TORCH_BOX(&eden::ops::weight_range_on_gpu));
}
