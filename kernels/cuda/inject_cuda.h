#pragma once

#include <cstdint>

#include "kernels/inject.h"

// CUDA's cudaStream_t points to this, so callers need no CUDA header.
struct CUstream_st;

// What the CPU kernels do, on a GPU, with the same bits. All pointers are to memory of the current
// device. Everything is only enqueued on the stream, nothing waits and no result is read on the
// host, so all of it can be captured into a CUDA graph. A launch that fails throws
// std::runtime_error.

namespace eden {

// Bytes of scratch memory that `inject_cuda` needs; 0 for most.
int64_t inject_cuda_scratch_bytes(const InjectParams& params);

// `params` must have no problem (problem_of in kernels/check.h). The arrays it points to are not
// checked: an order that is none gives other bits, never a wrong access. Scratch is 16-byte
// aligned. `corrected` is 4-byte aligned and must be writable, and zero, up to a multiple of 4
// bytes.
void inject_cuda(const InjectParams& params, void* scratch, CUstream_st* stream);

// Adds to counts[2 * bit] the 0 -> 1 flips and to counts[2 * bit + 1] the 1 -> 0 flips.
void count_flips_cuda(const void* x,  // [n] of `element`
                      const void* y,  // [n]
                      ElementType element, Stored stored,
                      const float* scale,  // [1], or null for a float format
                      int64_t n,
                      int64_t* counts,  // [2 * bits], zeroed
                      CUstream_st* stream);

// `grad` with 0 wherever the packed mask is set.
void keep_plausible_cuda(const void* grad,          // [n] of `element`, a float type
                         const uint8_t* corrected,  // [ceil(n / 8)]
                         void* out,                 // [n]
                         ElementType element, int64_t n, CUstream_st* stream);

constexpr int64_t kWeightRangeScratchBytes = 16;

// Bounds, and for an integer format the scale, of a tensor whose clean values are x.
void weight_range_cuda(const void* x,  // [n] of `element`, a float type; n >= 1
                       ElementType element, Stored stored, int64_t n,
                       float* bounds,  // [2]
                       float* scale,   // [1], or null for a float format
                       void* scratch,  // [kWeightRangeScratchBytes], 4-byte aligned
                       CUstream_st* stream);

// The key of a seed.
void seed_key_cuda(const int64_t* seed,  // [1]
                   uint64_t* key,        // [2]
                   CUstream_st* stream);

// The keys derived from `key` for each of `data`: both halves, or the access key alone. n > 0.
void fold_cuda(const uint64_t* key,  // [2]
               const int64_t* data,  // [n]
               int64_t n, bool access_only,
               uint64_t* out,  // [n, 2]
               CUstream_st* stream);

// The key of the next access: the access key folded with the counter, which then advances.
void next_key_cuda(const uint64_t* key,  // [2]
                   int64_t* counter,     // [1]
                   uint64_t* out,        // [2]
                   CUstream_st* stream);

}  // namespace eden
