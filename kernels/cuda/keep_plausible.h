#pragma once

#include <cstdint>

#include "kernels/cuda/stream.h"
#include "kernels/formats/formats.h"

namespace eden {

// `grad` with 0 wherever the packed mask is set.
void keep_plausible_cuda(const void* grad,          // [n] of `element`, a float type
                         const uint8_t* corrected,  // [ceil(n / 8)]
                         void* out,                 // [n]
                         ElementType element, int64_t n, CUstream_st* stream);

}  // namespace eden
