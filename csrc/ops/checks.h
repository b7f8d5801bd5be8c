#pragma once

#include <torch/csrc/stable/tensor.h>

#include <string>

#include "kernels/inject.h"

namespace eden::ops {

using torch::stable::Tensor;

// Element type of a tensor; throws naming `op` where the dtype is not accepted.
ElementType element_of(const char* op, const Tensor& x);

// Throws unless `t` is a contiguous tensor of `dtype`.
void check_dense(const char* op, const char* name, const Tensor& t,
                 torch::headeronly::ScalarType dtype);

// The same for a tensor that must also lie on the device of `x`, which is called `x_name`. A kernel
// follows every pointer on one device, and moving a tensor here would wait for a GPU unasked.
void check_beside(const char* op, const char* name, const Tensor& t,
                  torch::headeronly::ScalarType dtype, const Tensor& x, const char* x_name = "x");

// Such as "cpu" or "cuda:1".
std::string device_name(const Tensor& t);

}  // namespace eden::ops
