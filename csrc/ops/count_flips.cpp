#include "kernels/cpu/count_flips.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "csrc/ops/checks.h"
#include "kernels/formats/dispatch.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

constexpr int64_t kGrain = 1 << 16;

Tensor count_flips(const Tensor& x, const Tensor& y, std::optional<Tensor> scale, int64_t stored) {
  const ElementType element = check_count_flips(x, y, scale, stored);
  const auto format = static_cast<Stored>(stored);
  const float one = 1.0f;
  const auto* steps = scale.has_value() ? static_cast<const float*>(scale->const_data_ptr()) : &one;
  // Elements that share a step.
  const int64_t run = std::max<int64_t>(1, x.numel() / (scale.has_value() ? scale->numel() : 1));
  const int bits = stored_bits(element, format);
  Tensor out = torch::stable::new_zeros(x, {bits, 2}, ScalarType::Long);
  auto* counts = static_cast<int64_t*>(out.mutable_data_ptr());
  const auto* before = static_cast<const char*>(x.const_data_ptr());
  const auto* after = static_cast<const char*>(y.const_data_ptr());
  const int64_t size = x.element_size();
  torch::stable::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    std::vector<int64_t> part(2 * static_cast<size_t>(bits));
    for (int64_t first = begin, next = 0; first < end; first = next) {
      next = std::min(end, (first / run + 1) * run);
      count_flips_cpu(before + first * size, after + first * size, element, format,
                      steps[first / run], next - first, part.data());
    }
    for (size_t i = 0; i < part.size(); ++i) {
      __atomic_fetch_add(counts + i, part[i], __ATOMIC_RELAXED);
    }
  });
  return out;
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("count_flips", TORCH_BOX(&eden::ops::count_flips));
}
