#pragma once

#include <cstdint>

#include "kernels/cells.h"
#include "kernels/cuda/visit.h"
#include "kernels/formats.h"

// Bodies of the kernels that look at a tensor and return a few numbers. Each thread looks at its
// own elements, a block puts its threads' numbers together, atomics the blocks'.

namespace eden {

constexpr int kMeasureThreads = 256;

// What is seen of the values, in whole numbers of which the greatest counts and 0 means nothing: so
// that atomics can put them together and memory set to 0 is a start.
struct Seen {
  uint32_t lowest = 0;    // the complement of the rank of the lowest value
  uint32_t highest = 0;   // the rank of the highest value
  uint32_t greatest = 0;  // bits of the greatest finite magnitude

  // Floats ordered as numbers are.
  EDEN_HD static uint32_t rank(uint32_t bits) {
    return (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  }
  EDEN_HD static float value(uint32_t rank) {
    return float_from_bits((rank >> 31) != 0 ? rank & 0x7FFFFFFFu : ~rank);
  }

  // As kernels/cpu/measure.h says: an infinity counts as the greatest finite value of the element
  // type, and a NaN opens the range.
  template <class Element>
  EDEN_HD void add(uint32_t raw) {
    const uint32_t bits = Element::widen(raw);
    const uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) {
      add_range(0xFF800000u);
      add_range(0x7F800000u);
    } else if (magnitude == 0x7F800000u) {
      // The raw number before that of infinity is the greatest finite one.
      add_range(Element::widen(raw - 1));
    } else {
      add_range(bits);
      if (magnitude > greatest) greatest = magnitude;
    }
  }

 private:
  EDEN_HD void add_range(uint32_t bits) {
    const uint32_t own = rank(bits);
    if (~own > lowest) lowest = ~own;
    if (own > highest) highest = own;
  }
};

// Adds what a tensor holds to the three numbers of a Seen.
template <class Element, class Block>
EDEN_HD void see_range(Block& block, Place place, const void* x, int64_t n, uint32_t (&shared)[3],
                       uint32_t* seen) {
  using Raw = typename Element::Raw;
  const auto* input = static_cast<const Raw*>(x);
  block.each([&](int t) {
    if (t < 3) shared[t] = 0;
  });
  block.barrier();
  block.each([&](int t) {
    Seen own;
    visit_tensor(
        block, t, place, input, n, true,
        [&](int64_t, const Vector& v) {
          unroll<16 / static_cast<int>(sizeof(Raw))>(
              [&](int j) { own.template add<Element>(part_of<Raw>(v, j)); });
        },
        [&](int64_t e) { own.template add<Element>(input[e]); });
    block.atomic_max(&shared[0], own.lowest);
    block.atomic_max(&shared[1], own.highest);
    block.atomic_max(&shared[2], own.greatest);
  });
  block.barrier();
  block.each([&](int t) {
    if (t < 3) block.atomic_max(&seen[t], shared[t]);
  });
}

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
EDEN_HD void count_flips(Block& block, Place place, const void* x, const void* y,
                         const float* scales, int64_t n, uint32_t (&shared)[64], uint64_t* counts) {
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
    const auto add = [&](uint32_t old_raw, uint32_t new_raw) {
      const uint32_t old_code = Codec::encode(old_raw, scale);
      const uint32_t flips = old_code ^ code_of_loaded<Element, Codec>(new_raw, scale);
      if (flips == 0) return;
      rising.add(flips & ~old_code);
      falling.add(flips & old_code);
      if (++held == BitCounter::kMost) flush();
    };
    visit_tensor(
        block, t, place, before, n, vectors,
        [&](int64_t e, const Vector& v) {
          const Vector w = block.load(after + e);
          for (int j = 0; j < 16 / static_cast<int>(sizeof(Raw)); ++j) {
            add(part_of<Raw>(v, j), part_of<Raw>(w, j));
          }
        },
        [&](int64_t e) { add(before[e], after[e]); });
    if (held != 0) flush();
  });
  block.barrier();
  block.each([&](int t) {
    for (int i = t; i < 2 * Codec::kBits; i += block.threads()) {
      if (shared[i] != 0) block.atomic_add(&counts[i], uint64_t{shared[i]});
    }
  });
}

// The gradient with 0 where the packed mask is set. Only the size of its elements matters.
template <class Raw, class Block>
EDEN_HD void keep_plausible(Block& block, Place place, const void* grad, const uint8_t* corrected,
                            void* out, int64_t n) {
  constexpr int kPerVector = 16 / static_cast<int>(sizeof(Raw));
  const auto* input = static_cast<const Raw*>(grad);
  auto* output = static_cast<Raw*>(out);
  const bool vectors =
      (reinterpret_cast<uintptr_t>(input) - reinterpret_cast<uintptr_t>(output)) % 16 == 0;
  block.each([&](int t) {
    visit_tensor(
        block, t, place, input, n, vectors,
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
