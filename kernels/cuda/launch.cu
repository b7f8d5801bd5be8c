#include <algorithm>
#include <stdexcept>
#include <string>

#include "kernels/cuda/launch.h"

namespace eden {

void check_cuda(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  std::string text = std::string("eden: CUDA could not run ") + what + ": " +
                     cudaGetErrorString(error) + " (" + cudaGetErrorName(error) + ").";
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorUnsupportedPtxVersion) {
    text +=
        " eden is built for compute capability 8.0, 9.0 and 10.0, and for newer ones with a "
        "driver of its CUDA version; for another, build it from source on this machine.";
  }
  throw std::runtime_error(text);
}

unsigned grid_for(int64_t n, int64_t per_block, unsigned most) {
  const int64_t blocks = (n + per_block - 1) / per_block;
  return static_cast<unsigned>(std::clamp<int64_t>(blocks, 1, most));
}

}  // namespace eden
