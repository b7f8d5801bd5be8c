#pragma once

#include <cstdint>

#include "kernels/cpu/processor/isa.h"
#include "kernels/formats/formats.h"

namespace eden {

// Copies elements [begin, end) of the gradient, with 0 for those whose bit of `corrected` is set.
// `begin` is a multiple of 64.
void keep_plausible_cpu(const void* grad,          // floating point
                        const uint8_t* corrected,  // bit i % 8 of byte i / 8 for element i
                        void* out, ElementType element, int64_t begin, int64_t end,
                        Isa isa = eden::isa());

}  // namespace eden
