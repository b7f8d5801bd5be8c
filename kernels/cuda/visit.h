#pragma once

#include <cstdint>

#include "kernels/cuda/vector.h"

namespace eden {

// Of a block that visits a tensor.
constexpr int kVisitThreads = 256;

// Vectors that a thread has on their way at once, to keep the memory busy.
constexpr int kLoadsInFlight = 4;

// Which part of a grid a block is.
struct GridPart {
  int64_t block, blocks;
};

// All elements of a tensor, shared out among the threads of all blocks: 16 bytes at a time where
// `vectors` allows it, whole(first element, vector), else one at a time, single(element).
template <class Raw, class Block, class Whole, class Single>
EDEN_HD void visit_tensor(const Block& block, int t, GridPart part, const Raw* input, int64_t n,
                          bool vectors, Whole whole, Single single) {
  constexpr int kPerVector = 16 / static_cast<int>(sizeof(Raw));
  const auto misaligned = static_cast<int64_t>(reinterpret_cast<uintptr_t>(input) % 16);
  const int64_t aligned = (16 - misaligned) % 16 / static_cast<int64_t>(sizeof(Raw));
  const int64_t head = vectors && aligned < n ? aligned : n;
  const int64_t count = (n - head) / kPerVector;
  const int64_t stride = part.blocks * block.threads();
  const int64_t first = part.block * block.threads() + t;
  for (int64_t e = first; e < head; e += stride) single(e);
  for (int64_t e = head + count * kPerVector + first; e < n; e += stride) single(e);
  for (int64_t v = first; v < count; v += kLoadsInFlight * stride) {
    // Past the end the last vector is read once more: without branches the loads stay together.
    Vector loaded[kLoadsInFlight];
    unroll<kLoadsInFlight>([&](int i) {
      const int64_t at = v + i * stride < count ? v + i * stride : count - 1;
      loaded[i] = block.load(input + head + at * kPerVector);
    });
    unroll<kLoadsInFlight>([&](int i) {
      const int64_t at = v + i * stride;
      if (at < count) whole(head + at * kPerVector, loaded[i]);
    });
  }
}

}  // namespace eden
