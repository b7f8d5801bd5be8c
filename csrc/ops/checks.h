#pragma once

#include <torch/csrc/stable/tensor.h>

#include "kernels/inject.h"

namespace eden::ops {

using torch::stable::Tensor;

// Element type of a tensor; throws naming `op` where the dtype is not accepted.
ElementType element_of(const char* op, const Tensor& x);

// Throws unless `t` is a contiguous CPU tensor of `dtype`.
void check_dense(const char* op, const char* name, const Tensor& t,
                 torch::headeronly::ScalarType dtype);

}  // namespace eden::ops
