#pragma once

#include <cstdint>

#include "kernels/cpu/processor/isa.h"
#include "kernels/formats/formats.h"

namespace eden {

// Adds to counts[2 * bit] the 0 -> 1 flips and to counts[2 * bit + 1] the 1 -> 0 flips between the
// stored codes of x and y (n elements each). `scale` is read for integer formats only.
void count_flips_cpu(const void* x, const void* y, ElementType element, Stored stored, float scale,
                     int64_t n, int64_t* counts, Isa isa = eden::isa());

}  // namespace eden
