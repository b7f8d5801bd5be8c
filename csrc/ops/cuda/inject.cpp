#include "kernels/cuda/inject.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <string>

#include "csrc/ops/cuda/on_device.h"
#include "csrc/ops/inject_op.h"
#include "kernels/access/check.h"

namespace eden::ops {
namespace {

// Kept weak cells are not used: the block that reads a segment finds them.
// What the arrays hold (problem_of_arrays) is not looked at: that would wait for the GPU. No order,
// scale or bounds make the kernel reach for other memory.
void run_cuda(const InjectParams& params, const Tensor& x) {
  const std::string problem = problem_of(params, bytes_of(x));
  STD_TORCH_CHECK(problem.empty(), "eden::inject: ", problem);
  if (x.numel() == 0) return;
  const OnDevice device(x);
  const int64_t bytes = inject_cuda_scratch_bytes(params);
  if (bytes == 0) {
    inject_cuda(params, nullptr, device.stream());
    return;
  }
  // Torch hands memory out by stream, so this may go back before the kernel has run.
  Tensor scratch = torch::stable::new_empty(x, {bytes}, torch::headeronly::ScalarType::Byte);
  inject_cuda(params, scratch.mutable_data_ptr(), device.stream());
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CUDA, m) {
  m.impl("inject", TORCH_BOX(&eden::ops::inject<eden::ops::run_cuda>));
  m.impl("inject_out", TORCH_BOX(&eden::ops::inject_out<eden::ops::run_cuda>));
}
