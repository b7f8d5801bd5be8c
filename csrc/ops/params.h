#pragma once

#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <optional>

#include "kernels/access/params.h"

namespace eden::ops {

// The parameters of an injection, all but the output, from the op's arguments.
//
// Checks what is about tensors: types, shapes, and that all lie on the device of `x`. The rest is
// problem_of's (kernels/access/check.h). No pointer is followed.
InjectParams make_params(const torch::stable::Tensor& x,                      // copies * elements
                         const torch::stable::Tensor& key,                    // int64 [2]
                         const torch::stable::Tensor& table,                  // int64 [entries, 4]
                         const std::optional<torch::stable::Tensor>& order,   // int32 [bitlines]
                         const std::optional<torch::stable::Tensor>& scale,   // float32 [channels]
                         const std::optional<torch::stable::Tensor>& bounds,  // float32 [2]
                         int64_t law, int64_t stored, int64_t correction, int64_t copies,
                         int64_t first_copy, int64_t address, int64_t row_bytes);

}  // namespace eden::ops
