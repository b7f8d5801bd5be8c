#pragma once

#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/util/shim_utils.h>

struct CUstream_st;

namespace eden::ops {

// Where a kernel runs: makes the GPU of a tensor the current one until the end of the scope, and
// knows the stream that the caller works on there.
class OnDevice {
 public:
  explicit OnDevice(const torch::stable::Tensor& x) : guard_(x.get_device_index()) {
    void* stream = nullptr;
    TORCH_ERROR_CODE_CHECK(aoti_torch_get_current_cuda_stream(x.get_device_index(), &stream));
    stream_ = static_cast<CUstream_st*>(stream);
  }

  CUstream_st* stream() const { return stream_; }

 private:
  torch::stable::accelerator::DeviceGuard guard_;
  CUstream_st* stream_ = nullptr;
};

}  // namespace eden::ops
