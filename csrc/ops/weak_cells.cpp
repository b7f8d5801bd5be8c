#include "kernels/cpu/weak_cells.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>
#include <optional>
#include <string>

#include "csrc/ops/checks.h"
#include "csrc/ops/params.h"
#include "kernels/access/check.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

// Of `x` only the size and the types matter.
Tensor weak_cells(const Tensor& x, const Tensor& key, const Tensor& table,
                  std::optional<Tensor> order, int64_t lookup, int64_t stored, int64_t copies,
                  int64_t address, int64_t row_bytes, int64_t most_bytes) {
  const InjectParams params = make_params(
      {x, key, table, order, {}, {}, lookup, stored, 0, copies, 0, address, row_bytes, {}});
  std::string problem = problem_of_cells(params);
  if (problem.empty()) problem = problem_of_order(params);
  STD_TORCH_CHECK(problem.empty(), "eden::weak_cells: ", problem);
  WeakCellsPlan plan(params, most_bytes);
  torch::stable::parallel_for(0, plan.units(), 1,
                              [&](int64_t begin, int64_t end) { plan.run(begin, end); });
  Tensor kept = torch::stable::new_empty(x, {plan.words()}, ScalarType::Int);
  if (plan.words() > 0) plan.write(static_cast<int32_t*>(kept.mutable_data_ptr()));
  return kept;
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) { m.impl("weak_cells", TORCH_BOX(&eden::ops::weak_cells)); }
