#include "kernels/cpu/measure.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "csrc/ops/checks.h"
#include "kernels/dispatch.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

constexpr int64_t kGrain = 1 << 16;

Tensor absolute_maximum(const Tensor& x) {
  const ElementType element = element_of("absolute_maximum", x);
  STD_TORCH_CHECK(element < ElementType::kRaw8, "eden::absolute_maximum: x must be floating point");
  check_dense("absolute_maximum", "x", x, x.scalar_type());
  Tensor out = torch::stable::new_zeros(x, {}, ScalarType::Float);
  auto* greatest = static_cast<float*>(out.mutable_data_ptr());
  const auto* bytes = static_cast<const char*>(x.const_data_ptr());
  const int64_t size = x.element_size();
  torch::stable::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    float part = absolute_maximum_cpu(bytes + begin * size, element, end - begin);
    float seen;
    __atomic_load(greatest, &seen, __ATOMIC_RELAXED);
    while (part > seen && !__atomic_compare_exchange(greatest, &seen, &part, true, __ATOMIC_RELAXED,
                                                     __ATOMIC_RELAXED)) {
    }
  });
  return out;
}

Tensor count_flips(const Tensor& x, const Tensor& y, std::optional<Tensor> scale, int64_t stored) {
  const ElementType element = element_of("count_flips", x);
  check_dense("count_flips", "x", x, x.scalar_type());
  check_beside("count_flips", "y", y, x.scalar_type(), x);
  STD_TORCH_CHECK(x.numel() == y.numel(), "eden::count_flips: y has ", y.numel(),
                  " elements, must have as many as x: ", x.numel());
  STD_TORCH_CHECK(stored >= 0 && stored <= 5, "eden::count_flips: stored is ", stored,
                  ", accepted are 0 to 5");
  const auto format = static_cast<Stored>(stored);
  float factor = 1.0f;
  if (scale.has_value()) {
    check_beside("count_flips", "scale", *scale, ScalarType::Float, x);
    STD_TORCH_CHECK(scale->numel() == 1, "eden::count_flips: scale must be one number");
    factor = *static_cast<const float*>(scale->const_data_ptr());
  }
  const int bits = stored_bits(element, format);
  Tensor out = torch::stable::new_zeros(x, {bits, 2}, ScalarType::Long);
  auto* counts = static_cast<int64_t*>(out.mutable_data_ptr());
  const auto* before = static_cast<const char*>(x.const_data_ptr());
  const auto* after = static_cast<const char*>(y.const_data_ptr());
  const int64_t size = x.element_size();
  torch::stable::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    std::vector<int64_t> part(2 * static_cast<size_t>(bits));
    count_flips_cpu(before + begin * size, after + begin * size, element, format, factor,
                    end - begin, part.data());
    for (size_t i = 0; i < part.size(); ++i) {
      __atomic_fetch_add(counts + i, part[i], __ATOMIC_RELAXED);
    }
  });
  return out;
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("absolute_maximum", TORCH_BOX(&eden::ops::absolute_maximum));
  m.impl("count_flips", TORCH_BOX(&eden::ops::count_flips));
}
