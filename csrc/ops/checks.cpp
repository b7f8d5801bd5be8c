#include "csrc/ops/checks.h"

#include <torch/csrc/stable/ops.h>

namespace eden::ops {

using torch::headeronly::ScalarType;

ElementType element_of(const char* op, const Tensor& x) {
  switch (x.scalar_type()) {
    case ScalarType::Float:
      return ElementType::kFp32;
    case ScalarType::Half:
      return ElementType::kFp16;
    case ScalarType::BFloat16:
      return ElementType::kBf16;
    case ScalarType::Char:
    case ScalarType::Byte:
      return ElementType::kRaw8;
    case ScalarType::Short:
      return ElementType::kRaw16;
    case ScalarType::Int:
      return ElementType::kRaw32;
    default:
      STD_TORCH_CHECK(false, "eden::", op, ": x has dtype ", toString(x.scalar_type()),
                      ", accepted are float32, float16, bfloat16, int8, uint8, int16 and int32");
  }
}

void check_dense(const char* op, const char* name, const Tensor& t, ScalarType dtype) {
  STD_TORCH_CHECK(t.scalar_type() == dtype, "eden::", op, ": ", name, " has dtype ",
                  toString(t.scalar_type()), ", must be ", toString(dtype));
  STD_TORCH_CHECK(t.is_contiguous(), "eden::", op, ": ", name, " must be contiguous");
}

void check_beside(const char* op, const char* name, const Tensor& t, ScalarType dtype,
                  const Tensor& x, const char* x_name) {
  STD_TORCH_CHECK(t.device() == x.device(), "eden::", op, ": ", name, " is on ", device_name(t),
                  ", must be on the device of ", x_name, ", ", device_name(x));
  check_dense(op, name, t, dtype);
}

void check_seed(const Tensor& seed) {
  check_dense("seed_key", "seed", seed, ScalarType::Long);
  STD_TORCH_CHECK(seed.numel() == 1, "eden::seed_key: seed must be one number");
}

void check_key_size(const char* op, const Tensor& key) {
  STD_TORCH_CHECK(key.numel() == 2, "eden::", op, ": key must have shape [2], got ", key.numel(),
                  " elements");
}

namespace {

// A key and numbers beside it.
void check_key_and(const char* op, const char* name, const Tensor& key, const Tensor& numbers) {
  check_dense(op, "key", key, ScalarType::Long);
  check_beside(op, name, numbers, ScalarType::Long, key, "key");
  check_key_size(op, key);
}

}  // namespace

void check_fold(const Tensor& key, const Tensor& data) {
  check_key_and("fold", "data", key, data);
  STD_TORCH_CHECK(data.dim() <= 1, "eden::fold: data has ", data.dim(),
                  " dimensions, must be one number or a list of them");
}

void check_next_key(const Tensor& key, const Tensor& counter) {
  check_key_and("next_key", "counter", key, counter);
  STD_TORCH_CHECK(counter.numel() == 1, "eden::next_key: counter must be one number");
}

ElementType check_weight_range(const Tensor& x, int64_t stored, int64_t channels) {
  const ElementType element = element_of("weight_range", x);
  STD_TORCH_CHECK(element < ElementType::kRaw8, "eden::weight_range: x must be floating point");
  check_dense("weight_range", "x", x, x.scalar_type());
  STD_TORCH_CHECK(x.numel() > 0, "eden::weight_range: x has no elements, must have at least 1");
  STD_TORCH_CHECK(stored >= 0 && stored <= 5, "eden::weight_range: stored is ", stored,
                  ", accepted are 0 to 5");
  STD_TORCH_CHECK(channels >= 0 && (channels == 0 || x.numel() % channels == 0),
                  "eden::weight_range: channels is ", channels,
                  ", must be 0 or divide the elements of x, ", x.numel());
  return element;
}

Tensor new_steps(const Tensor& x, Stored stored, int64_t channels) {
  if (stored < Stored::kInt16) return torch::stable::new_empty(x, {0}, ScalarType::Float);
  if (channels == 0) return torch::stable::new_empty(x, {}, ScalarType::Float);
  return torch::stable::new_empty(x, {channels}, ScalarType::Float);
}

ElementType check_keep_plausible(const Tensor& grad, const Tensor& corrected) {
  const ElementType element = element_of("keep_plausible", grad);
  STD_TORCH_CHECK(element < ElementType::kRaw8,
                  "eden::keep_plausible: grad must be floating point");
  check_dense("keep_plausible", "grad", grad, grad.scalar_type());
  check_beside("keep_plausible", "corrected", corrected, ScalarType::Byte, grad, "grad");
  STD_TORCH_CHECK(corrected.numel() == (grad.numel() + 7) / 8,
                  "eden::keep_plausible: corrected has ", corrected.numel(),
                  " bytes, must have a bit for each of the ", grad.numel(), " elements of grad");
  return element;
}

ElementType check_count_flips(const Tensor& x, const Tensor& y, const std::optional<Tensor>& scale,
                              int64_t stored) {
  const ElementType element = element_of("count_flips", x);
  check_dense("count_flips", "x", x, x.scalar_type());
  check_beside("count_flips", "y", y, x.scalar_type(), x);
  STD_TORCH_CHECK(x.numel() == y.numel(), "eden::count_flips: y has ", y.numel(),
                  " elements, must have as many as x: ", x.numel());
  STD_TORCH_CHECK(stored >= 0 && stored <= 5, "eden::count_flips: stored is ", stored,
                  ", accepted are 0 to 5");
  if (scale.has_value()) {
    check_beside("count_flips", "scale", *scale, ScalarType::Float, x);
    STD_TORCH_CHECK(scale->numel() > 0 && x.numel() % scale->numel() == 0,
                    "eden::count_flips: scale has ", scale->numel(),
                    " numbers, must be one, or one for each of equal runs of the ", x.numel(),
                    " elements of x");
  } else {
    STD_TORCH_CHECK(element >= ElementType::kRaw8 || stored < static_cast<int64_t>(Stored::kInt16),
                    "eden::count_flips: an integer format needs a scale");
  }
  return element;
}

std::string device_name(const Tensor& t) {
  if (t.is_cpu()) return "cpu";
  const std::string kind = t.is_cuda() ? "cuda" : "another device";
  return kind + ":" + std::to_string(t.get_device_index());
}

}  // namespace eden::ops
