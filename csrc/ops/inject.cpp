#include "kernels/cpu/inject.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "csrc/ops/inject_op.h"
#include "kernels/access/check.h"
#include "kernels/cpu/processor/pages.h"

namespace eden::ops {
namespace {

void run(const InjectParams& params, const Tensor& x) {
  std::string problem = problem_of(params, bytes_of(x));
  if (problem.empty()) problem = problem_of_arrays(params);
  STD_TORCH_CHECK(problem.empty(), "eden::inject: ", problem);
  if (params.corrected != nullptr) {
    std::memset(params.corrected, 0, static_cast<size_t>(x.numel() + 7) / 8);
  }
  const InjectPlan plan(params, static_cast<int>(torch::stable::get_num_threads()));
  if (plan.units() == 0) return;
  if (!params.touched) ask_for_huge_pages(params.output, bytes_of(x));
  // Waking a thread costs some microseconds: give each at least 8192 elements.
  const int64_t elements_per_unit = params.elements * params.copies / plan.units();
  torch::stable::parallel_for(0, plan.units(), 1 + 8192 / (elements_per_unit + 1),
                              [&](int64_t begin, int64_t end) { plan.run(begin, end); });
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("inject", TORCH_BOX(&eden::ops::inject<eden::ops::run>));
  m.impl("inject_out", TORCH_BOX(&eden::ops::inject_out<eden::ops::run>));
}
