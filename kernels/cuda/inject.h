#pragma once

#include <cstdint>

#include "kernels/access/params.h"
#include "kernels/cuda/stream.h"

namespace eden {

// Bytes of scratch memory that `inject_cuda` needs; 0 for most.
int64_t inject_cuda_scratch_bytes(const InjectParams& params);

// `params` must have no problem (problem_of in kernels/access/check.h). The arrays it points to are
// not checked: an order that is none gives other bits, never a wrong access. Scratch is 16-byte
// aligned. `corrected` is 4-byte aligned, is writable up to a multiple of 4 bytes, and is zeroed
// here.
void inject_cuda(const InjectParams& params, void* scratch, CUstream_st* stream);

}  // namespace eden
