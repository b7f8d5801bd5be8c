#include "kernels/cuda/block.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/secded.h"
#include "kernels/protection/secded.h"

namespace eden {
namespace {

constexpr int kThreads = 256;
constexpr unsigned kMostBlocks = 4096;

__global__ void __launch_bounds__(kThreads)
    check_kernel(const uint8_t* bytes, int64_t size, int64_t n, uint8_t* check) {
  const int64_t stride = int64_t{gridDim.x} * kThreads;
  for (int64_t w = int64_t{blockIdx.x} * kThreads + threadIdx.x; w < n; w += stride) {
    secded_check(bytes, size, w, check);
  }
}

// Errors are few: hardly a word asks for an atomic.
__global__ void __launch_bounds__(kThreads)
    correct_kernel(const uint8_t* bytes, const uint8_t* check, int64_t size, int64_t n,
                   uint8_t* out, uint64_t* counts) {
  CudaBlock block;
  const int64_t stride = int64_t{gridDim.x} * kThreads;
  for (int64_t w = int64_t{blockIdx.x} * kThreads + threadIdx.x; w < n; w += stride) {
    const Outcome outcome = secded_correct(bytes, check, size, w, out);
    if (outcome != Outcome::kClean) {
      block.atomic_add(counts + (outcome == Outcome::kDetected), uint64_t{1});
    }
  }
}

}  // namespace

void secded_check_cuda(const uint8_t* bytes, int64_t size, int64_t copies, uint8_t* check,
                       CUstream_st* stream) {
  const int64_t n = secded_words(size) * copies;
  if (n == 0) return;
  check_kernel<<<grid_for(n, kThreads, kMostBlocks), kThreads, 0, stream>>>(bytes, size, n, check);
  check_launch("secded_check");
}

void secded_correct_cuda(const uint8_t* bytes, const uint8_t* check, int64_t size, int64_t copies,
                         uint8_t* out, int64_t* counts, CUstream_st* stream) {
  const int64_t n = secded_words(size) * copies;
  if (n == 0) return;
  correct_kernel<<<grid_for(n, kThreads, kMostBlocks), kThreads, 0, stream>>>(
      bytes, check, size, n, out, reinterpret_cast<uint64_t*>(counts));
  check_launch("secded_correct");
}

}  // namespace eden
