#pragma once

#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "kernels/formats/formats.h"
#include "kernels/law/refusal.h"

namespace eden::ops {

using torch::stable::Tensor;

// What an op refuses, in the one form of refusals.
template <class Name, class Value, class... Accepted>
std::string refused(const char* op, const Name& name, const Value& value,
                    const Accepted&... accepted) {
  return joined("eden::", op, ": ", refusal(name, value, accepted...));
}

// Element type of a tensor; throws naming `op` where the dtype is not accepted.
ElementType element_of(const char* op, const Tensor& x);

// The same for one of floating point.
ElementType float_of(const char* op, const char* name, const Tensor& x);

// Throws unless `t` is a contiguous tensor of `dtype`.
void check_dense(const char* op, const char* name, const Tensor& t,
                 torch::headeronly::ScalarType dtype);

// The same for a tensor that must also lie on the device of `x`, which is called `x_name`. A kernel
// follows every pointer on one device, and moving a tensor here would wait for a GPU unasked.
void check_beside(const char* op, const char* name, const Tensor& t,
                  torch::headeronly::ScalarType dtype, const Tensor& x, const char* x_name = "x");

// Throws unless `t` has that many elements: a key two, a device key and an access key.
void check_count(const char* op, const char* name, const Tensor& t, int64_t count);

// Throws unless `copies` of a tensor, one after the other, are what `x` holds.
void check_copies(const char* op, int64_t copies, const Tensor& x);

// Throws unless it is the number of a format.
void check_stored(const char* op, int64_t stored);

// What each small op asks of its arguments, on every device.
void check_seed(const Tensor& seed);
void check_fold(const Tensor& key, const Tensor& data);
void check_next_key(const Tensor& key, const Tensor& counter);
ElementType check_weight_range(const Tensor& x, int64_t stored, int64_t channels);
// Memory for what that op says of steps: float32 [] or, where channels is not 0, [channels]; [0]
// for a format that has none.
Tensor new_steps(const Tensor& x, Stored stored, int64_t channels);
ElementType check_keep_plausible(const Tensor& grad, const Tensor& corrected);
ElementType check_count_flips(const Tensor& x, const Tensor& y, const std::optional<Tensor>& scale,
                              int64_t stored);

// Such as "cpu" or "cuda:1", and "[2, 3]".
std::string device_name(const Tensor& t);
std::string shape_of(const Tensor& t);

}  // namespace eden::ops
