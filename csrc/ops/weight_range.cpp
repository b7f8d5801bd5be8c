#include "kernels/cpu/weight_range.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <mutex>
#include <tuple>

#include "csrc/ops/checks.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

constexpr int64_t kGrain = 1 << 16;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Bounds of_tensor(const Tensor& x, ElementType element, Stored format, float* step) {
  const auto* bytes = static_cast<const char*>(x.const_data_ptr());
  const int64_t size = x.element_size();
  Range range{kInfinity, -kInfinity, 0.0f};
  std::mutex mutex;
  torch::stable::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    const Range part = range_cpu(bytes + begin * size, element, end - begin);
    const std::lock_guard<std::mutex> lock(mutex);
    range = both(range, part);
  });
  Bounds bounds;
  weight_range_cpu(range, format, &bounds, step);
  return bounds;
}

Bounds of_channels(const Tensor& x, ElementType element, Stored format, int64_t channels,
                   float* steps) {
  const auto* bytes = static_cast<const char*>(x.const_data_ptr());
  const int64_t run = x.numel() / channels;
  Bounds bounds{kInfinity, -kInfinity};
  std::mutex mutex;
  const int64_t grain = std::max<int64_t>(1, kGrain / run);
  torch::stable::parallel_for(0, channels, grain, [&](int64_t begin, int64_t end) {
    Bounds part;
    channel_range_cpu(bytes + begin * run * x.element_size(), element, end - begin, run, format,
                      &part, steps + begin);
    const std::lock_guard<std::mutex> lock(mutex);
    bounds = {std::min(bounds.lo, part.lo), std::max(bounds.hi, part.hi)};
  });
  return bounds;
}

std::tuple<Tensor, Tensor> weight_range(const Tensor& x, int64_t stored, int64_t channels) {
  const ElementType element = check_weight_range(x, stored, channels);
  const auto format = static_cast<Stored>(stored);
  Tensor bounds = torch::stable::new_empty(x, {2}, ScalarType::Float);
  Tensor scale = new_steps(x, format, channels);
  float none = 1.0f;
  auto* steps = scale.numel() > 0 ? static_cast<float*>(scale.mutable_data_ptr()) : &none;
  const bool each = channels > 0 && scale.numel() > 0;
  const Bounds plausible = each ? of_channels(x, element, format, channels, steps)
                                : of_tensor(x, element, format, steps);
  auto* out = static_cast<float*>(bounds.mutable_data_ptr());
  out[0] = plausible.lo;
  out[1] = plausible.hi;
  return {bounds, scale};
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("weight_range", TORCH_BOX(&eden::ops::weight_range));
}
