#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>

#include "csrc/ops/checks.h"
#include "kernels/law/philox.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

Tensor new_key(const Tensor& like, uint64_t device, uint64_t access) {
  Tensor key = torch::stable::new_empty(like, {2}, ScalarType::Long);
  auto* words = static_cast<int64_t*>(key.mutable_data_ptr());
  words[0] = static_cast<int64_t>(device);
  words[1] = static_cast<int64_t>(access);
  return key;
}

Tensor seed_key(const Tensor& seed) {
  check_seed(seed);
  const auto value = static_cast<uint64_t>(*static_cast<const int64_t*>(seed.const_data_ptr()));
  const PhiloxBlock block = random_block(value, 0, Purpose::kSeed, 0, 0, 0);
  return new_key(seed, block.number(0), block.number(1));
}

// The keys that `data`, [] or [n], makes of one: [2] or [n, 2].
Tensor fold_key(const Tensor& key, const Tensor& data, bool access_only) {
  check_fold(key, data);
  const auto* words = static_cast<const int64_t*>(key.const_data_ptr());
  const auto device = static_cast<uint64_t>(words[0]);
  const auto access = static_cast<uint64_t>(words[1]);
  const auto* values = static_cast<const int64_t*>(data.const_data_ptr());
  const int64_t n = data.numel();
  Tensor out = data.dim() == 0 ? torch::stable::new_empty(key, {2}, ScalarType::Long)
                               : torch::stable::new_empty(key, {n, 2}, ScalarType::Long);
  auto* folded = static_cast<uint64_t*>(out.mutable_data_ptr());
  for (int64_t i = 0; i < n; ++i) {
    const auto value = static_cast<uint64_t>(values[i]);
    folded[2 * i] = access_only ? device : fold(device, value);
    folded[2 * i + 1] = fold(access, value);
  }
  return out;
}

// The key of the next access to a tensor, of which `counter` counts those so far.
Tensor next_key(const Tensor& key, Tensor counter) {
  check_next_key(key, counter);
  const auto* words = static_cast<const int64_t*>(key.const_data_ptr());
  auto* count = static_cast<int64_t*>(counter.mutable_data_ptr());
  const uint64_t access = fold(static_cast<uint64_t>(words[1]), static_cast<uint64_t>(*count));
  *count = static_cast<int64_t>(static_cast<uint64_t>(*count) + 1);
  return new_key(key, static_cast<uint64_t>(words[0]), access);
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("seed_key", TORCH_BOX(&eden::ops::seed_key));
  m.impl("fold", TORCH_BOX(&eden::ops::fold_key));
  m.impl("next_key", TORCH_BOX(&eden::ops::next_key));
}
