#include "csrc/ops/checks.h"

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

std::string device_name(const Tensor& t) {
  if (t.is_cpu()) return "cpu";
  const std::string kind = t.is_cuda() ? "cuda" : "another device";
  return kind + ":" + std::to_string(t.get_device_index());
}

}  // namespace eden::ops
