#pragma once

#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <optional>
#include <tuple>

#include "csrc/ops/checks.h"
#include "csrc/ops/params.h"

// The two injection ops, written once for every device: `run` checks the numbers, zeroes the mask
// of corrected values and does the work.

namespace eden::ops {

using Run = void (*)(const InjectParams& params, const Tensor& x);

template <Run run>
std::tuple<Tensor, Tensor> inject(const Tensor& x, const Tensor& key, const Tensor& table,
                                  std::optional<Tensor> order, std::optional<Tensor> scale,
                                  std::optional<Tensor> bounds, int64_t lookup, int64_t stored,
                                  int64_t correction, int64_t copies, int64_t first_copy,
                                  int64_t address, int64_t row_bytes,
                                  std::optional<Tensor> copy_numbers, std::optional<Tensor> kept,
                                  bool mark) {
  InjectParams params =
      make_params({x, key, table, order, scale, bounds, lookup, stored, correction, copies,
                   first_copy, address, row_bytes, copy_numbers});
  if (kept.has_value()) {
    check_beside("inject", "kept", *kept, torch::headeronly::ScalarType::Int, x);
    params.kept = static_cast<const int32_t*>(kept->const_data_ptr());
    params.kept_words = kept->numel();
  }
  Tensor out = torch::stable::empty_like(x);
  const int64_t mask_bytes = mark ? (x.numel() + 7) / 8 : 0;
  // A GPU sets bits of a word at a time: whole words there.
  const int64_t padded = x.is_cpu() ? mask_bytes : (mask_bytes + 3) / 4 * 4;
  Tensor corrected = torch::stable::new_empty(x, {padded}, torch::headeronly::ScalarType::Byte);
  if (padded != mask_bytes) corrected = torch::stable::narrow(corrected, 0, 0, mask_bytes);
  params.output = out.mutable_data_ptr();
  if (mark) params.corrected = static_cast<uint8_t*>(corrected.mutable_data_ptr());
  run(params, x);
  return {out, corrected};
}

template <Run run>
void inject_out(const Tensor& x, const Tensor& key, const Tensor& table,
                std::optional<Tensor> order, std::optional<Tensor> scale,
                std::optional<Tensor> bounds, int64_t lookup, int64_t stored, int64_t correction,
                int64_t copies, int64_t first_copy, int64_t address, int64_t row_bytes,
                std::optional<Tensor> copy_numbers, Tensor out) {
  InjectParams params =
      make_params({x, key, table, order, scale, bounds, lookup, stored, correction, copies,
                   first_copy, address, row_bytes, copy_numbers});
  check_beside("inject", "out", out, x.scalar_type(), x);
  check_count("inject", "out", out, x.numel());
  params.output = out.mutable_data_ptr();
  params.touched = true;
  run(params, x);
}

// Bytes of `x`, which its output has too.
inline int64_t bytes_of(const Tensor& x) {
  return x.numel() * static_cast<int64_t>(x.element_size());
}

}  // namespace eden::ops
