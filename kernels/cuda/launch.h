#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace eden {

// Throws std::runtime_error, naming `what`, if a call of the CUDA runtime failed.
void check_cuda(cudaError_t error, const char* what);

// The same for the launch just made.
inline void check_launch(const char* kernel) { check_cuda(cudaGetLastError(), kernel); }

// Blocks for n pieces of work, `per_block` to a block; kernels loop over what lies beyond the grid.
unsigned grid_for(int64_t n, int64_t per_block, unsigned most);

}  // namespace eden
