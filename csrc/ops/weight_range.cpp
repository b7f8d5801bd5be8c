#include "kernels/cpu/weight_range.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>
#include <limits>
#include <mutex>
#include <tuple>

#include "csrc/ops/checks.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

constexpr int64_t kGrain = 1 << 16;

std::tuple<Tensor, Tensor> weight_range(const Tensor& x, int64_t stored) {
  const ElementType element = check_weight_range(x, stored);
  const auto* bytes = static_cast<const char*>(x.const_data_ptr());
  const int64_t size = x.element_size();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Range range{kInfinity, -kInfinity, 0.0f};
  std::mutex mutex;
  torch::stable::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    const Range part = range_cpu(bytes + begin * size, element, end - begin);
    const std::lock_guard<std::mutex> lock(mutex);
    range = both(range, part);
  });
  const auto format = static_cast<Stored>(stored);
  const bool integer = format >= Stored::kInt16;
  Tensor bounds = torch::stable::new_empty(x, {2}, ScalarType::Float);
  Tensor scale = integer ? torch::stable::new_empty(x, {}, ScalarType::Float)
                         : torch::stable::new_empty(x, {0}, ScalarType::Float);
  float step;
  Bounds plausible;
  weight_range_cpu(range, format, &plausible, &step);
  auto* out = static_cast<float*>(bounds.mutable_data_ptr());
  out[0] = plausible.lo;
  out[1] = plausible.hi;
  if (integer) *static_cast<float*>(scale.mutable_data_ptr()) = step;
  return {bounds, scale};
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("weight_range", TORCH_BOX(&eden::ops::weight_range));
}
