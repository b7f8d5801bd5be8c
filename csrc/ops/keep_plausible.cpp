#include "kernels/cpu/keep_plausible.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <cstdint>

#include "csrc/ops/checks.h"
#include "kernels/cpu/processor/pages.h"

namespace eden::ops {
namespace {

// A unit of 64 elements is 8 bytes of the mask: threads share none.
constexpr int64_t kUnit = 64;
constexpr int64_t kGrain = (1 << 15) / kUnit;

Tensor keep_plausible(const Tensor& grad, const Tensor& corrected) {
  const ElementType element = check_keep_plausible(grad, corrected);
  const int64_t elements = grad.numel();
  Tensor out = torch::stable::empty_like(grad);
  const void* from = grad.const_data_ptr();
  const auto* marks = static_cast<const uint8_t*>(corrected.const_data_ptr());
  void* to = out.mutable_data_ptr();
  ask_for_huge_pages(to, elements * static_cast<int64_t>(grad.element_size()));
  torch::stable::parallel_for(0, (elements + kUnit - 1) / kUnit, kGrain,
                              [&](int64_t begin, int64_t end) {
                                keep_plausible_cpu(from, marks, to, element, begin * kUnit,
                                                   std::min(end * kUnit, elements));
                              });
  return out;
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("keep_plausible", TORCH_BOX(&eden::ops::keep_plausible));
}
