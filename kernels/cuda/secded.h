#pragma once

#include <cstdint>

#include "kernels/cuda/stream.h"

namespace eden {

// Arguments as in kernels/cpu/secded.h; all words of `copies` copies.
void secded_check_cuda(const uint8_t* bytes, int64_t size, int64_t copies, uint8_t* check,
                       CUstream_st* stream);

void secded_correct_cuda(const uint8_t* bytes, const uint8_t* check, int64_t size, int64_t copies,
                         uint8_t* out, int64_t* counts, CUstream_st* stream);

}  // namespace eden
