#pragma once

#include "kernels/cuda/stream.h"
#include "kernels/protection/image.h"

namespace eden {

void encode_image_cuda(const ImageParams& params, CUstream_st* stream);
void decode_image_cuda(const ImageParams& params, CUstream_st* stream);

}  // namespace eden
