#pragma once

#include <cstdint>

#include "kernels/cuda/visit.h"
#include "kernels/formats/range.h"

// Each thread looks at its own elements, a block puts its threads' numbers together, atomics the
// blocks'.

namespace eden {

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

  // As kernels/cpu/weight_range.h says: an infinity counts as the greatest finite value of the
  // element type, and a NaN opens the range.
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

// Adds what a tensor holds to the three numbers of a Seen; where `seen` is null, `shared` has them.
template <class Element, class Block>
EDEN_HD void see_range(Block& block, GridPart part, const void* x, int64_t n, uint32_t (&shared)[3],
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
        block, t, part, input, n, true,
        [&](int64_t, const Vector& v) {
          unroll<16 / static_cast<int>(sizeof(Raw))>(
              [&](int j) { own.template add<Element>(part_of<Raw>(v, j)); });
        },
        [&](int64_t e) { own.template add<Element>(input[e]); });
    block.atomic_max(&shared[0], own.lowest);
    block.atomic_max(&shared[1], own.highest);
    block.atomic_max(&shared[2], own.greatest);
  });
  if (seen == nullptr) return;
  block.barrier();
  block.each([&](int t) {
    if (t < 3) block.atomic_max(&seen[t], shared[t]);
  });
}

// The steps of equal runs of elements, one after the other, and the widest bounds of all: a run is
// a block's, whose threads share it. `seen` holds the bounds, as a Seen holds a range.
template <class Element, class Block>
EDEN_HD void see_channels(Block& block, GridPart part, const void* x, int64_t channels, int64_t run,
                          Stored stored, uint32_t (&shared)[3], float* steps, uint32_t* seen) {
  using Raw = typename Element::Raw;
  for (int64_t c = part.block; c < channels; c += part.blocks) {
    see_range<Element>(block, GridPart{0, 1}, static_cast<const Raw*>(x) + c * run, run, shared,
                       static_cast<uint32_t*>(nullptr));
    block.barrier();
    block.each([&](int t) {
      if (t != 0) return;
      const float step = step_of(float_from_bits(shared[2]), stored);
      const Bounds own =
          plausible_bounds(Seen::value(~shared[0]), Seen::value(shared[1]), stored, step);
      steps[c] = step;
      block.atomic_max(&seen[0], ~Seen::rank(bits_from_float(own.lo)));
      block.atomic_max(&seen[1], Seen::rank(bits_from_float(own.hi)));
    });
    block.barrier();
  }
}

}  // namespace eden
