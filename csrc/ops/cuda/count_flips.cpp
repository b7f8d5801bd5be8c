#include "kernels/cuda/count_flips.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>
#include <optional>

#include "csrc/ops/checks.h"
#include "csrc/ops/cuda/on_device.h"
#include "kernels/formats/dispatch.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

Tensor count_flips_on_gpu(const Tensor& x, const Tensor& y, std::optional<Tensor> scale,
                          int64_t stored) {
  const ElementType element = check_count_flips(x, y, scale, stored);
  const auto format = static_cast<Stored>(stored);
  Tensor out = torch::stable::new_zeros(x, {stored_bits(element, format), 2}, ScalarType::Long);
  if (x.numel() == 0) return out;
  const auto* steps =
      scale.has_value() ? static_cast<const float*>(scale->const_data_ptr()) : nullptr;
  const int64_t count = scale.has_value() ? scale->numel() : 1;
  const OnDevice device(x);
  count_flips_cuda(x.const_data_ptr(), y.const_data_ptr(), element, format, steps,
                   x.numel() / count, x.numel(), static_cast<int64_t*>(out.mutable_data_ptr()),
                   device.stream());
  return out;
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CUDA, m) {
  m.impl("count_flips", TORCH_BOX(&eden::ops::count_flips_on_gpu));
}
