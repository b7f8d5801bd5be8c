#include "kernels/cuda/keys.h"
#include "kernels/cuda/launch.h"
#include "kernels/law/philox.h"

// A key is two numbers, and one thread makes it. What counts is that nothing waits for the host.

namespace eden {
namespace {

__global__ void seed_key(const int64_t* seed, uint64_t* key) {
  const PhiloxBlock block = random_block(static_cast<uint64_t>(*seed), 0, Purpose::kSeed, 0, 0, 0);
  key[0] = block.number(0);
  key[1] = block.number(1);
}

__global__ void fold_key(const uint64_t* key, const int64_t* data, int64_t n, bool access_only,
                         uint64_t* out) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const auto value = static_cast<uint64_t>(data[i]);
  out[2 * i] = access_only ? key[0] : fold(key[0], value);
  out[2 * i + 1] = fold(key[1], value);
}

__global__ void next_key(const uint64_t* key, int64_t* counter, uint64_t* out) {
  const auto count = static_cast<uint64_t>(*counter);
  out[0] = key[0];
  out[1] = fold(key[1], count);
  *counter = static_cast<int64_t>(count + 1);
}

}  // namespace

void seed_key_cuda(const int64_t* seed, uint64_t* key, CUstream_st* stream) {
  seed_key<<<1, 1, 0, stream>>>(seed, key);
  check_launch("seed_key");
}

void fold_cuda(const uint64_t* key, const int64_t* data, int64_t n, bool access_only, uint64_t* out,
               CUstream_st* stream) {
  constexpr int64_t kThreads = 32;
  const auto blocks = static_cast<unsigned>((n + kThreads - 1) / kThreads);
  fold_key<<<blocks, kThreads, 0, stream>>>(key, data, n, access_only, out);
  check_launch("fold");
}

void next_key_cuda(const uint64_t* key, int64_t* counter, uint64_t* out, CUstream_st* stream) {
  next_key<<<1, 1, 0, stream>>>(key, counter, out);
  check_launch("next_key");
}

}  // namespace eden
