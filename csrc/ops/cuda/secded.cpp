#include "kernels/cuda/secded.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>

#include "csrc/ops/checks.h"
#include "csrc/ops/cuda/on_device.h"
#include "csrc/ops/protect.h"
#include "kernels/protection/secded.h"

namespace eden::ops {
namespace {

Tensor secded_check_on_gpu(const Tensor& image) {
  check_secded(image);
  const int64_t copies = image.size(0), size = image.size(1);
  Tensor check = torch::stable::new_empty(image, {copies, secded_words(size)},
                                          torch::headeronly::ScalarType::Byte);
  const OnDevice device(image);
  secded_check_cuda(static_cast<const uint8_t*>(image.const_data_ptr()), size, copies,
                    static_cast<uint8_t*>(check.mutable_data_ptr()), device.stream());
  return check;
}

Tensor secded_correct_on_gpu(const Tensor& image, const Tensor& check, Tensor counts) {
  check_secded_correct(image, check, counts);
  Tensor out = torch::stable::empty_like(image);
  const OnDevice device(image);
  secded_correct_cuda(static_cast<const uint8_t*>(image.const_data_ptr()),
                      static_cast<const uint8_t*>(check.const_data_ptr()), image.size(1),
                      image.size(0), static_cast<uint8_t*>(out.mutable_data_ptr()),
                      static_cast<int64_t*>(counts.mutable_data_ptr()), device.stream());
  return out;
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CUDA, m) {
  m.impl("secded_check", TORCH_BOX(&eden::ops::secded_check_on_gpu));
  m.impl("secded_correct", TORCH_BOX(&eden::ops::secded_correct_on_gpu));
}
