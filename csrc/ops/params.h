#pragma once

#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <optional>

#include "kernels/access/params.h"

namespace eden::ops {

// What the ops that find weak cells take, in the order of their schemas.
struct InjectArguments {
  using Tensor = torch::stable::Tensor;

  const Tensor& x;                      // copies * elements
  const Tensor& key;                    // int64 [2]
  const Tensor& table;                  // int64 [entries, 4]
  const std::optional<Tensor>& order;   // int32 [bitlines]
  const std::optional<Tensor>& scale;   // float32 [channels]
  const std::optional<Tensor>& bounds;  // float32 [2]
  int64_t lookup, stored, correction, copies, first_copy, address, row_bytes;
  const std::optional<Tensor>& copy_numbers;  // int64 [copies], in place of first_copy
};

// The parameters of an injection, all but the output.
//
// Checks what is about tensors: types, shapes, and that all lie on the device of `x`. The rest is
// problem_of's (kernels/access/check.h). No pointer is followed.
InjectParams make_params(const InjectArguments& arguments);

}  // namespace eden::ops
