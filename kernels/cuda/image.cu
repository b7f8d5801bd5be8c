#include "kernels/cuda/image.h"
#include "kernels/cuda/launch.h"
#include "kernels/formats/dispatch.h"

// A thread does one group after another, and no two write the same byte.

namespace eden {
namespace {

constexpr int kThreads = 256;
constexpr unsigned kMostBlocks = 4096;

template <class Element, class Codec>
__global__ void __launch_bounds__(kThreads) encode_image_kernel(ImageParams params, int64_t n) {
  const int64_t stride = int64_t{gridDim.x} * kThreads;
  for (int64_t g = int64_t{blockIdx.x} * kThreads + threadIdx.x; g < n; g += stride) {
    encode_group<Element, Codec>(params, g);
  }
}

template <class Element, class Codec>
__global__ void __launch_bounds__(kThreads) decode_image_kernel(ImageParams params, int64_t n) {
  const Bounds bounds = image_bounds<Element>(params);
  const int64_t stride = int64_t{gridDim.x} * kThreads;
  for (int64_t g = int64_t{blockIdx.x} * kThreads + threadIdx.x; g < n; g += stride) {
    decode_group<Element, Codec>(params, bounds, g);
  }
}

}  // namespace

void encode_image_cuda(const ImageParams& params, CUstream_st* stream) {
  const int64_t n = params.groups() * params.coding.copies;
  if (n == 0) return;
  dispatch_float(params.coding.element, params.coding.stored, [&](auto element, auto codec) {
    encode_image_kernel<decltype(element), decltype(codec)>
        <<<grid_for(n, kThreads, kMostBlocks), kThreads, 0, stream>>>(params, n);
  });
  check_launch("encode_image");
}

void decode_image_cuda(const ImageParams& params, CUstream_st* stream) {
  const int64_t n = (params.coding.elements * params.coding.copies + 7) / 8;
  if (n == 0) return;
  dispatch_float(params.coding.element, params.coding.stored, [&](auto element, auto codec) {
    decode_image_kernel<decltype(element), decltype(codec)>
        <<<grid_for(n, kThreads, kMostBlocks), kThreads, 0, stream>>>(params, n);
  });
  check_launch("decode_image");
}

}  // namespace eden
