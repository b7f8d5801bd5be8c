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
  STD_TORCH_CHECK(t.is_cpu(), "eden::", op, ": ", name, " must be on the CPU");
  STD_TORCH_CHECK(t.scalar_type() == dtype, "eden::", op, ": ", name, " has dtype ",
                  toString(t.scalar_type()), ", must be ", toString(dtype));
  STD_TORCH_CHECK(t.is_contiguous(), "eden::", op, ": ", name, " must be contiguous");
}

}  // namespace eden::ops
