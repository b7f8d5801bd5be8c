#include "kernels/cuda/keys.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>

#include "csrc/ops/checks.h"
#include "csrc/ops/cuda/on_device.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

const uint64_t* words_of(const Tensor& key) {
  return static_cast<const uint64_t*>(key.const_data_ptr());
}

Tensor seed_key_on_gpu(const Tensor& seed) {
  check_seed(seed);
  Tensor key = torch::stable::new_empty(seed, {2}, ScalarType::Long);
  const OnDevice device(seed);
  seed_key_cuda(static_cast<const int64_t*>(seed.const_data_ptr()),
                static_cast<uint64_t*>(key.mutable_data_ptr()), device.stream());
  return key;
}

Tensor fold_on_gpu(const Tensor& key, const Tensor& data, bool access_only) {
  check_fold(key, data);
  const int64_t n = data.numel();
  Tensor out = data.dim() == 0 ? torch::stable::new_empty(key, {2}, ScalarType::Long)
                               : torch::stable::new_empty(key, {n, 2}, ScalarType::Long);
  if (n == 0) return out;
  const OnDevice device(key);
  fold_cuda(words_of(key), static_cast<const int64_t*>(data.const_data_ptr()), n, access_only,
            static_cast<uint64_t*>(out.mutable_data_ptr()), device.stream());
  return out;
}

Tensor next_key_on_gpu(const Tensor& key, Tensor counter) {
  check_next_key(key, counter);
  Tensor out = torch::stable::new_empty(key, {2}, ScalarType::Long);
  const OnDevice device(key);
  next_key_cuda(words_of(key), static_cast<int64_t*>(counter.mutable_data_ptr()),
                static_cast<uint64_t*>(out.mutable_data_ptr()), device.stream());
  return out;
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CUDA, m) {
  m.impl("seed_key", TORCH_BOX(&eden::ops::seed_key_on_gpu));
  m.impl("fold", TORCH_BOX(&eden::ops::fold_on_gpu));
  m.impl("next_key", TORCH_BOX(&eden::ops::next_key_on_gpu));
}
