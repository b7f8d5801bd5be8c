#pragma once

#include <cstdint>

#include "kernels/cpu/processor/isa.h"
#include "kernels/formats/formats.h"

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

// What holds of two parts together.
Range both(const Range& one, const Range& other);

Range range_cpu(const void* x, ElementType element, int64_t n, Isa isa = eden::isa());

// The bounds of plausible values and the step (1 for a float format) that follow from a range.
void weight_range_cpu(const Range& range, Stored stored, Bounds* bounds, float* step);

// The same of equal runs of elements, each with a step of its own: `steps` are those of an integer
// format, and the bounds are the widest of the runs'.
void channel_range_cpu(const void* x,  // [channels * run] of `element`
                       ElementType element, int64_t channels, int64_t run, Stored stored,
                       Bounds* bounds,
                       float* steps,  // [channels]
                       Isa isa = eden::isa());

}  // namespace eden
