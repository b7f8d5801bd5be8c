#include <algorithm>
#include <stdexcept>
#include <string>

#include "kernels/cuda/launch.h"

namespace eden {

void check_launch(const char* kernel) {
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return;
  std::string text = std::string("eden: the CUDA kernel ") + kernel +
                     " did not start: " + cudaGetErrorString(error) + " (" +
                     cudaGetErrorName(error) + ").";
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorUnsupportedPtxVersion) {
    text +=
        " eden is built for compute capability 8.0, 9.0 and 10.0, and newer ones with a driver"
        " of its CUDA version; build it on this machine for another.";
  }
  throw std::runtime_error(text);
}

unsigned grid_for(int64_t n, int64_t per_block, unsigned most) {
  const int64_t blocks = (n + per_block - 1) / per_block;
  return static_cast<unsigned>(std::clamp<int64_t>(blocks, 1, most));
}

}  // namespace eden
