#pragma once

#include <cstdint>

#include "kernels/cuda/stream.h"

namespace eden {

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
