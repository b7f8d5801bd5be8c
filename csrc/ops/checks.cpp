#include "csrc/ops/checks.h"

#include <torch/csrc/stable/ops.h>

namespace eden::ops {

using torch::headeronly::ScalarType;

namespace {

// As Python calls it.
std::string name_of(ScalarType dtype) {
  switch (dtype) {
    case ScalarType::Float:
      return "float32";
    case ScalarType::Half:
      return "float16";
    case ScalarType::BFloat16:
      return "bfloat16";
    case ScalarType::Double:
      return "float64";
    case ScalarType::Char:
      return "int8";
    case ScalarType::Byte:
      return "uint8";
    case ScalarType::Short:
      return "int16";
    case ScalarType::Int:
      return "int32";
    case ScalarType::Long:
      return "int64";
    case ScalarType::Bool:
      return "bool";
    default:
      return toString(dtype);
  }
}

}  // namespace

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
      STD_TORCH_CHECK(false, refused(op, "dtype of x", name_of(x.scalar_type()),
                                     "float32, float16, bfloat16, int8, uint8, int16, int32"));
  }
}

ElementType float_of(const char* op, const char* name, const Tensor& x) {
  const ElementType element = element_of(op, x);
  STD_TORCH_CHECK(element < ElementType::kRaw8,
                  refused(op, joined("dtype of ", name), name_of(x.scalar_type()),
                          "float32, float16, bfloat16"));
  return element;
}

void check_dense(const char* op, const char* name, const Tensor& t, ScalarType dtype) {
  STD_TORCH_CHECK(t.scalar_type() == dtype,
                  refused(op, joined("dtype of ", name), name_of(t.scalar_type()), name_of(dtype)));
  STD_TORCH_CHECK(t.is_contiguous(),
                  refused(op, joined("layout of ", name), "not contiguous", "contiguous"));
}

void check_beside(const char* op, const char* name, const Tensor& t, ScalarType dtype,
                  const Tensor& x, const char* x_name) {
  STD_TORCH_CHECK(t.device() == x.device(), refused(op, joined("device of ", name), device_name(t),
                                                    device_name(x), ", that of ", x_name));
  check_dense(op, name, t, dtype);
}

void check_seed(const Tensor& seed) {
  check_dense("seed_key", "seed", seed, ScalarType::Long);
  check_count("seed_key", "seed", seed, 1);
}

void check_count(const char* op, const char* name, const Tensor& t, int64_t count) {
  STD_TORCH_CHECK(t.numel() == count,
                  refused(op, joined("number of elements of ", name), t.numel(), count));
}

void check_copies(const char* op, int64_t copies, const Tensor& x) {
  STD_TORCH_CHECK(copies >= 1 && x.numel() % copies == 0,
                  refused(op, "copies", copies, "at least 1 and a divisor of the ", x.numel(),
                          " elements of x"));
}

void check_stored(const char* op, int64_t stored) {
  STD_TORCH_CHECK(stored >= 0 && stored <= 5, refused(op, "stored", stored, "0 to 5"));
}

namespace {

// A key and numbers beside it.
void check_key_and(const char* op, const char* name, const Tensor& key, const Tensor& numbers) {
  check_dense(op, "key", key, ScalarType::Long);
  check_beside(op, name, numbers, ScalarType::Long, key, "key");
  check_count(op, "key", key, 2);
}

}  // namespace

void check_fold(const Tensor& key, const Tensor& data) {
  check_key_and("fold", "data", key, data);
  STD_TORCH_CHECK(data.dim() <= 1, refused("fold", "number of dimensions of data", data.dim(),
                                           "0 or 1, a number or a list of them"));
}

void check_next_key(const Tensor& key, const Tensor& counter) {
  check_key_and("next_key", "counter", key, counter);
  check_count("next_key", "counter", counter, 1);
}

ElementType check_weight_range(const Tensor& x, int64_t stored, int64_t channels) {
  const ElementType element = float_of("weight_range", "x", x);
  check_dense("weight_range", "x", x, x.scalar_type());
  STD_TORCH_CHECK(x.numel() > 0,
                  refused("weight_range", "number of elements of x", x.numel(), "at least 1"));
  check_stored("weight_range", stored);
  STD_TORCH_CHECK(channels >= 0 && (channels == 0 || x.numel() % channels == 0),
                  refused("weight_range", "channels", channels, "0, or a divisor of the ",
                          x.numel(), " elements of x"));
  return element;
}

Tensor new_steps(const Tensor& x, Stored stored, int64_t channels) {
  if (stored < Stored::kInt16) return torch::stable::new_empty(x, {0}, ScalarType::Float);
  if (channels == 0) return torch::stable::new_empty(x, {}, ScalarType::Float);
  return torch::stable::new_empty(x, {channels}, ScalarType::Float);
}

ElementType check_keep_plausible(const Tensor& grad, const Tensor& corrected) {
  const ElementType element = float_of("keep_plausible", "grad", grad);
  check_dense("keep_plausible", "grad", grad, grad.scalar_type());
  check_beside("keep_plausible", "corrected", corrected, ScalarType::Byte, grad, "grad");
  const int64_t bytes = (grad.numel() + 7) / 8;
  STD_TORCH_CHECK(corrected.numel() == bytes,
                  refused("keep_plausible", "number of elements of corrected", corrected.numel(),
                          bytes, ", a bit for each of the ", grad.numel(), " elements of grad"));
  return element;
}

ElementType check_count_flips(const Tensor& x, const Tensor& y, const std::optional<Tensor>& scale,
                              int64_t stored) {
  const ElementType element = element_of("count_flips", x);
  check_dense("count_flips", "x", x, x.scalar_type());
  check_beside("count_flips", "y", y, x.scalar_type(), x);
  check_count("count_flips", "y", y, x.numel());
  check_stored("count_flips", stored);
  if (scale.has_value()) {
    check_beside("count_flips", "scale", *scale, ScalarType::Float, x);
    STD_TORCH_CHECK(scale->numel() > 0 && x.numel() % scale->numel() == 0,
                    refused("count_flips", "number of elements of scale", scale->numel(),
                            "at least 1 and a divisor of the ", x.numel(), " elements of x"));
  } else {
    STD_TORCH_CHECK(
        element >= ElementType::kRaw8 || stored < static_cast<int64_t>(Stored::kInt16),
        refused("count_flips", "scale", "missing", "one, as an integer format needs it"));
  }
  return element;
}

std::string device_name(const Tensor& t) {
  if (t.is_cpu()) return "cpu";
  const std::string kind = t.is_cuda() ? "cuda" : "another device";
  return kind + ":" + std::to_string(t.get_device_index());
}

std::string shape_of(const Tensor& t) {
  std::string sizes;
  for (int64_t i = 0; i < t.dim(); ++i) {
    sizes += (i == 0 ? "" : ", ") + std::to_string(t.size(i));
  }
  return "[" + sizes + "]";
}

}  // namespace eden::ops
