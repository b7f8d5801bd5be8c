#include <algorithm>
#include <stdexcept>
#include <string>

#include "kernels/cuda/architectures.h"
#include "kernels/cuda/launch.h"

namespace eden {

namespace {

// The compiler's own list of what its flags asked for, such as 800, 900, 1000.
constexpr int kBuiltFor[] = {__CUDA_ARCH_LIST__};

int architecture_of_gpu() {
  int device = 0, major = 0, minor = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
  return 100 * major + 10 * minor;
}

}  // namespace

void check_cuda(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  std::string text = std::string("eden: CUDA could not run ") + what + ": " +
                     cudaGetErrorString(error) + " (" + cudaGetErrorName(error) + ").";
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorUnsupportedPtxVersion ||
      error == cudaErrorInvalidDeviceFunction) {
    text += " " + unsuited_text(architecture_of_gpu(), kBuiltFor);
  }
  throw std::runtime_error(text);
}

unsigned grid_for(int64_t n, int64_t per_block, unsigned most) {
  const int64_t blocks = (n + per_block - 1) / per_block;
  return static_cast<unsigned>(std::clamp<int64_t>(blocks, 1, most));
}

}  // namespace eden
