#pragma once

#include <cstdint>

#include "csrc/core/devices/geometry.h"

namespace eden {

// Where a byte lies; `column` counts bytes within the row of the whole rank.
struct Location {
  int64_t bank = 0;
  int64_t row = 0;
  int64_t column = 0;
};

// The order in which a module's linear addresses meet its banks.
enum class Interleave {
  kLines,  // consecutive lines in consecutive banks: what an ordinary controller does
  kBanks,  // a whole bank, then the next: tensors can be kept within one bank
};

// Both throw std::invalid_argument for an address or place outside the module.
Location locate(const Geometry& geometry, Interleave order, int64_t address);
int64_t address_of(const Geometry& geometry, Interleave order, const Location& location);

}  // namespace eden
