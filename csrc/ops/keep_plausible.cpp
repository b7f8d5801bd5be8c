#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <cstdint>

#include "csrc/ops/checks.h"
#include "kernels/cpu/gradient.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

// A unit of 64 elements is 8 bytes of the mask: threads share none.
constexpr int64_t kUnit = 64;
constexpr int64_t kGrain = (1 << 15) / kUnit;

Tensor keep_plausible(const Tensor& grad, const Tensor& corrected) {
  const ElementType element = element_of("keep_plausible", grad);
  STD_TORCH_CHECK(element < ElementType::kRaw8,
                  "eden::keep_plausible: grad must be floating point");
  check_dense("keep_plausible", "grad", grad, grad.scalar_type());
  check_beside("keep_plausible", "corrected", corrected, ScalarType::Byte, grad, "grad");
  const int64_t elements = grad.numel();
  STD_TORCH_CHECK(corrected.numel() == (elements + 7) / 8, "eden::keep_plausible: corrected has ",
                  corrected.numel(), " bytes, must have a bit for each of the ", elements,
                  " elements of grad");
  Tensor out = torch::stable::empty_like(grad);
  const void* from = grad.const_data_ptr();
  const auto* marks = static_cast<const uint8_t*>(corrected.const_data_ptr());
  void* to = out.mutable_data_ptr();
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
