#pragma once

#include <cstdint>

#include "kernels/cuda/visit.h"

namespace eden {

// The gradient with 0 where the packed mask is set. Only the size of its elements matters.
template <class Raw, class Block>
EDEN_HD void keep_plausible(Block& block, GridPart part, const void* grad, const uint8_t* corrected,
                            void* out, int64_t n) {
  constexpr int kPerVector = 16 / static_cast<int>(sizeof(Raw));
  const auto* input = static_cast<const Raw*>(grad);
  auto* output = static_cast<Raw*>(out);
  const bool vectors =
      (reinterpret_cast<uintptr_t>(input) - reinterpret_cast<uintptr_t>(output)) % 16 == 0;
  block.each([&](int t) {
    visit_tensor(
        block, t, part, input, n, vectors,
        [&](int64_t e, const Vector& v) {
          const int bit = static_cast<int>(e % 8);
          uint32_t marks = corrected[e / 8];
          if (bit + kPerVector > 8) marks |= uint32_t{corrected[e / 8 + 1]} << 8;
          Vector kept{};
          unroll<kPerVector>([&](int j) {
            if (((marks >> (bit + j)) & 1) == 0) put_part<Raw>(&kept, j, part_of<Raw>(v, j));
          });
          block.store(output + e, kept);
        },
        [&](int64_t e) {
          output[e] = ((corrected[e / 8] >> (e % 8)) & 1) != 0 ? Raw{0} : input[e];
        });
  });
}

}  // namespace eden
