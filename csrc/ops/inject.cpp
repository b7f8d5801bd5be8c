#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "csrc/ops/checks.h"
#include "kernels/check.h"
#include "kernels/cpu/inject_cpu.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

// Everything but the output. Checks what is about tensors; the rest is problem_of's.
InjectParams make_params(const Tensor& x, const Tensor& key, const Tensor& table,
                         const std::optional<Tensor>& order, const std::optional<Tensor>& scale,
                         const std::optional<Tensor>& bounds, int64_t law, int64_t stored,
                         int64_t correction, int64_t copies, int64_t first_copy, int64_t address,
                         int64_t row_bytes) {
  InjectParams p{};
  p.element = element_of("inject", x);
  check_dense("inject", "x", x, x.scalar_type());
  check_dense("inject", "key", key, ScalarType::Long);
  STD_TORCH_CHECK(key.numel() == 2, "eden::inject: key must have shape [2], got ", key.numel(),
                  " elements");
  check_dense("inject", "table", table, ScalarType::Long);
  STD_TORCH_CHECK(table.dim() == 2 && table.size(1) == 4,
                  "eden::inject: table must have shape [entries, 4]");
  STD_TORCH_CHECK(copies >= 1 && x.numel() % copies == 0, "eden::inject: copies is ", copies,
                  ", must be at least 1 and divide the number of elements, ", x.numel());
  p.key = static_cast<const uint64_t*>(key.const_data_ptr());
  p.table = static_cast<const TableEntry*>(table.const_data_ptr());
  p.entries = table.size(0);
  if (order.has_value()) {
    check_dense("inject", "order", *order, ScalarType::Int);
    p.rank_columns = static_cast<const int32_t*>(order->const_data_ptr());
    p.ranks = order->numel();
  }
  if (scale.has_value()) {
    check_dense("inject", "scale", *scale, ScalarType::Float);
    p.scales = static_cast<const float*>(scale->const_data_ptr());
    p.scale_count = scale->numel();
  }
  STD_TORCH_CHECK(correction == 0 || bounds.has_value(), "eden::inject: correction needs bounds");
  if (bounds.has_value()) {
    check_dense("inject", "bounds", *bounds, ScalarType::Float);
    STD_TORCH_CHECK(bounds->numel() == 2, "eden::inject: bounds must have shape [2]");
    p.bounds = static_cast<const float*>(bounds->const_data_ptr());
  }
  p.input = x.const_data_ptr();
  p.elements = x.numel() / copies;
  p.copies = copies;
  p.first_copy = first_copy;
  p.address = address;
  p.row_bytes = row_bytes;
  p.stored = static_cast<Stored>(stored);
  p.law = static_cast<Law>(law);
  p.correction = static_cast<Correction>(correction);
  return p;
}

void run(const InjectParams& params, int64_t out_bytes) {
  std::string problem = problem_of(params, out_bytes);
  if (problem.empty()) problem = problem_of_arrays(params);
  STD_TORCH_CHECK(problem.empty(), "eden::inject: ", problem);
  const InjectPlan plan(params, static_cast<int>(torch::stable::get_num_threads()));
  if (plan.units() == 0) return;
  // Waking a thread costs some microseconds: give each at least 8192 elements.
  const int64_t elements_per_unit = params.elements * params.copies / plan.units();
  torch::stable::parallel_for(0, plan.units(), 1 + 8192 / (elements_per_unit + 1),
                              [&](int64_t begin, int64_t end) { plan.run(begin, end); });
}

int64_t bytes_of(const Tensor& t) { return t.numel() * static_cast<int64_t>(t.element_size()); }

std::tuple<Tensor, Tensor> inject(const Tensor& x, const Tensor& key, const Tensor& table,
                                  std::optional<Tensor> order, std::optional<Tensor> scale,
                                  std::optional<Tensor> bounds, int64_t law, int64_t stored,
                                  int64_t correction, int64_t copies, int64_t first_copy,
                                  int64_t address, int64_t row_bytes, bool mark) {
  InjectParams params = make_params(x, key, table, order, scale, bounds, law, stored, correction,
                                    copies, first_copy, address, row_bytes);
  Tensor out = torch::stable::empty_like(x);
  const int64_t mask_bytes = mark ? (x.numel() + 7) / 8 : 0;
  Tensor corrected = torch::stable::new_zeros(x, {mask_bytes}, ScalarType::Byte);
  params.output = out.mutable_data_ptr();
  if (mark) params.corrected = static_cast<uint8_t*>(corrected.mutable_data_ptr());
  run(params, bytes_of(out));
  return {out, corrected};
}

void inject_out(const Tensor& x, const Tensor& key, const Tensor& table,
                std::optional<Tensor> order, std::optional<Tensor> scale,
                std::optional<Tensor> bounds, int64_t law, int64_t stored, int64_t correction,
                int64_t copies, int64_t first_copy, int64_t address, int64_t row_bytes,
                Tensor out) {
  InjectParams params = make_params(x, key, table, order, scale, bounds, law, stored, correction,
                                    copies, first_copy, address, row_bytes);
  check_dense("inject", "out", out, x.scalar_type());
  params.output = out.mutable_data_ptr();
  run(params, bytes_of(out));
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("inject", TORCH_BOX(&eden::ops::inject));
  m.impl("inject_out", TORCH_BOX(&eden::ops::inject_out));
}
