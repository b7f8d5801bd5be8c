#include "kernels/cpu/secded.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>

#include "csrc/ops/checks.h"
#include "csrc/ops/protect.h"
#include "kernels/protection/secded.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

constexpr int64_t kGrain = 1 << 13;  // words

Tensor secded_check(const Tensor& image) {
  check_secded(image);
  const int64_t copies = image.size(0), size = image.size(1), words = secded_words(size);
  Tensor check = torch::stable::new_empty(image, {copies, words}, ScalarType::Byte);
  const auto* bytes = static_cast<const uint8_t*>(image.const_data_ptr());
  auto* out = static_cast<uint8_t*>(check.mutable_data_ptr());
  torch::stable::parallel_for(0, copies * words, kGrain, [&](int64_t begin, int64_t end) {
    secded_check_cpu(bytes, size, begin, end, out);
  });
  return check;
}

Tensor secded_correct(const Tensor& image, const Tensor& check, Tensor counts) {
  check_secded_correct(image, check, counts);
  const int64_t size = image.size(1);
  Tensor out = torch::stable::empty_like(image);
  const auto* bytes = static_cast<const uint8_t*>(image.const_data_ptr());
  const auto* checks = static_cast<const uint8_t*>(check.const_data_ptr());
  auto* to = static_cast<uint8_t*>(out.mutable_data_ptr());
  auto* sums = static_cast<int64_t*>(counts.mutable_data_ptr());
  torch::stable::parallel_for(0, image.size(0) * secded_words(size), kGrain,
                              [&](int64_t begin, int64_t end) {
                                int64_t part[2] = {};
                                secded_correct_cpu(bytes, checks, size, begin, end, to, part);
                                for (int i = 0; i < 2; ++i)
                                  __atomic_fetch_add(sums + i, part[i], __ATOMIC_RELAXED);
                              });
  return out;
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("secded_check", TORCH_BOX(&eden::ops::secded_check));
  m.impl("secded_correct", TORCH_BOX(&eden::ops::secded_correct));
}
