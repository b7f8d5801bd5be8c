#pragma once

#include <cstdint>

#include "kernels/protection/image.h"

namespace eden {

// Groups [begin, end) of the groups of all copies.
void encode_image_cpu(const ImageParams& params, int64_t begin, int64_t end);

// Groups [begin, end) of 8 elements of all copies together. The input must be there; any will do.
void decode_image_cpu(const ImageParams& params, int64_t begin, int64_t end);

}  // namespace eden
