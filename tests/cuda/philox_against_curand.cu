// Philox of kernels/law/philox.h against cuRAND's, number by number, on a GPU.
//
// curand_init(seed, subsequence, offset): key = seed; counter words 0 and 1 count blocks of four
// numbers from `offset`, words 2 and 3 are the subsequence.
//
// Build and run: nvcc -std=c++17 -I. tests/cuda/philox_against_curand.cu -o /tmp/p && /tmp/p

#include <curand_kernel.h>

#include <cstdio>

#include "kernels/law/philox.h"

namespace {

constexpr unsigned kBlocks = 4096;
constexpr unsigned kThreads = 256;
constexpr int kTrials = 16;

// Arguments of a trial: any 64-bit numbers, far apart.
__device__ unsigned long long scrambled(unsigned long long i) {
  i = (i ^ (i >> 30)) * 0xBF58476D1CE4E5B9ull;
  i = (i ^ (i >> 27)) * 0x94D049BB133111EBull;
  return i ^ (i >> 31);
}

__global__ void compare(unsigned long long* wrong) {
  const unsigned long long thread =
      blockIdx.x * static_cast<unsigned long long>(kThreads) + threadIdx.x;
  for (int trial = 0; trial < kTrials; ++trial) {
    const unsigned long long seed = scrambled(3 * (thread * kTrials + trial) + 1);
    const unsigned long long sequence = scrambled(3 * (thread * kTrials + trial) + 2);
    // Numbers, of which four make a block; cuRAND adds to the counter, so not up to its end.
    const unsigned long long block = scrambled(3 * (thread * kTrials + trial) + 3) >> 3;
    curandStatePhilox4_32_10_t state;
    curand_init(seed, sequence, 4 * block, &state);
    const uint4 theirs = curand4(&state);
    const eden::PhiloxBlock ours = eden::philox4x32(
        static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
        static_cast<uint32_t>(sequence), static_cast<uint32_t>(sequence >> 32), seed);
    if (ours.word[0] != theirs.x || ours.word[1] != theirs.y || ours.word[2] != theirs.z ||
        ours.word[3] != theirs.w) {
      atomicAdd(wrong, 1ull);
    }
  }
}

}  // namespace

int main() {
  unsigned long long* wrong = nullptr;
  unsigned long long found = 0;
  cudaMalloc(&wrong, sizeof *wrong);
  cudaMemset(wrong, 0, sizeof *wrong);
  compare<<<kBlocks, kThreads>>>(wrong);
  const cudaError_t error = cudaMemcpy(&found, wrong, sizeof found, cudaMemcpyDeviceToHost);
  cudaFree(wrong);
  if (error != cudaSuccess) {
    std::printf("%s\n", cudaGetErrorString(error));
    return 2;
  }
  std::printf("%llu blocks of Philox compared with cuRAND's, %llu differ\n",
              static_cast<unsigned long long>(kBlocks) * kThreads * kTrials, found);
  return found == 0 ? 0 : 1;
}
