#pragma once

#include <cstdint>

#include "kernels/cuda/visit.h"
#include "kernels/formats/formats.h"

// Each thread counts in its own elements, a block puts its threads' numbers together, atomics the
// blocks'.

namespace eden {

// How often each bit of a row of words was set: plane j holds bit j of 32 small numbers, so that a
// word is counted by a few operations and not by one for each of its bits.
class BitCounter {
 public:
  static constexpr int kMost = 31;  // words it can hold

  EDEN_HD void add(uint32_t word) {
    for (int j = 0; j < kPlanes; ++j) {
      const uint32_t carry = plane_[j] & word;
      plane_[j] ^= word;
      word = carry;
    }
  }
  EDEN_HD uint32_t count(int bit) const {
    uint32_t sum = 0;
    for (int j = 0; j < kPlanes; ++j) sum |= ((plane_[j] >> bit) & 1) << j;
    return sum;
  }
  EDEN_HD void clear() {
    for (uint32_t& plane : plane_) plane = 0;
  }

 private:
  static constexpr int kPlanes = 5;
  uint32_t plane_[kPlanes] = {};
};

template <class Element, class Codec, class Block>
EDEN_HD void count_flips(Block& block, GridPart part, const void* x, const void* y,
                         const float* scales, int64_t run, int64_t n, uint32_t (&shared)[64],
                         uint64_t* counts) {
  using Raw = typename Element::Raw;
  const auto* before = static_cast<const Raw*>(x);
  const auto* after = static_cast<const Raw*>(y);
  const bool vectors =
      (reinterpret_cast<uintptr_t>(before) - reinterpret_cast<uintptr_t>(after)) % 16 == 0;
  block.each([&](int t) {
    for (int i = t; i < 64; i += block.threads()) shared[i] = 0;
  });
  block.barrier();
  block.each([&](int t) {
    const float scale = Codec::kInteger ? *scales : 1.0f;
    const auto scale_of = [&](int64_t e) {
      return Codec::kInteger && run < n ? scales[e / run] : scale;
    };
    BitCounter rising, falling;
    int held = 0;
    const auto flush = [&] {
      for (int i = 0; i < Codec::kBits; ++i) {
        // Neighbouring threads begin at other bits: all at one counter would wait for each other.
        const int bit = (t + i) % Codec::kBits;
        block.atomic_add(&shared[2 * bit], rising.count(bit));
        block.atomic_add(&shared[2 * bit + 1], falling.count(bit));
      }
      rising.clear();
      falling.clear();
      held = 0;
    };
    const auto add = [&](int64_t e, uint32_t old_raw, uint32_t new_raw) {
      const float own = scale_of(e);
      const uint32_t old_code = Codec::encode(old_raw, own);
      const uint32_t flips = old_code ^ code_of_loaded<Element, Codec>(new_raw, own);
      if (flips == 0) return;
      rising.add(flips & ~old_code);
      falling.add(flips & old_code);
      if (++held == BitCounter::kMost) flush();
    };
    visit_tensor(
        block, t, part, before, n, vectors,
        [&](int64_t e, const Vector& v) {
          const Vector w = block.load(after + e);
          for (int j = 0; j < 16 / static_cast<int>(sizeof(Raw)); ++j) {
            add(e + j, part_of<Raw>(v, j), part_of<Raw>(w, j));
          }
        },
        [&](int64_t e) { add(e, before[e], after[e]); });
    if (held != 0) flush();
  });
  block.barrier();
  block.each([&](int t) {
    for (int i = t; i < 2 * Codec::kBits; i += block.threads()) {
      if (shared[i] != 0) block.atomic_add(&counts[i], uint64_t{shared[i]});
    }
  });
}

}  // namespace eden
