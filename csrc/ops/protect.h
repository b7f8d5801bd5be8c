#pragma once

#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <optional>

#include "kernels/protection/image.h"

namespace eden::ops {

// What the ops that write and read the image of a tensor take, in the order of their schemas.
struct ImageArguments {
  using Tensor = torch::stable::Tensor;

  const char* op;
  const Tensor& x;                      // copies * elements
  const std::optional<Tensor>& scale;   // float32 [channels]
  const std::optional<Tensor>& bounds;  // float32 [2]
  int64_t stored, correction, copies, embedded;
  bool planes;
};

// The parameters but for what is written. Checks all numbers, and the arrays where they lie in this
// machine's memory; no pointer on a GPU is followed.
ImageParams make_image_params(const ImageArguments& arguments);

// Throws unless `image` holds copies of the bytes that the tensor of `params` takes.
void check_image(const torch::stable::Tensor& image, const torch::stable::Tensor& x,
                 const ImageParams& params);

// Bytes of one copy.
int64_t image_bytes_of(const ImageParams& params);

// Throws unless `image` is uint8 [copies, size], `check` fits it and `counts` are two.
void check_secded(const torch::stable::Tensor& image);
void check_secded_correct(const torch::stable::Tensor& image, const torch::stable::Tensor& check,
                          const torch::stable::Tensor& counts);

}  // namespace eden::ops
