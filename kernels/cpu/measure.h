#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"
#include "kernels/inject.h"

namespace eden {

// What must be known of a tensor to store it. The parts of a tensor combine by least and greatest,
// in any order.
struct Range {
  // Over all elements. An infinity counts as the element type's greatest finite value, with its
  // sign, and a NaN opens the range to [-inf, inf]. Of no elements: [inf, -inf].
  float lowest;
  float highest;
  float greatest;  // |x| over the finite elements, 0 if there is none
};

Range range_cpu(const void* x, ElementType element, int64_t n, Isa isa = eden::isa());

// Adds to counts[2 * bit] the 0 -> 1 flips and to counts[2 * bit + 1] the 1 -> 0 flips between the
// stored codes of x and y (n elements each). `scale` is read for integer formats only.
void count_flips_cpu(const void* x, const void* y, ElementType element, Stored stored, float scale,
                     int64_t n, int64_t* counts, Isa isa = eden::isa());

}  // namespace eden
