#pragma once

#include <cstdint>
#include <vector>

namespace eden {

// One entry of an injection table: what a cell's error parameters become, in integers.
// The layout is the one the kernels read (kernels/inject.h, TableEntry).
struct LoweredEntry {
  uint64_t stress;     // min(-log(1 - P), 2^-6) in units of 2^-64, rounded down
  uint64_t dense;      // 1 - (1 - P) e^(1/64) in units of 2^-64, rounded down; all ones for P = 1
  uint64_t fail_one;   // F for a stored 1 in units of 2^-64; all ones for F = 1
  uint64_t fail_zero;  // F for a stored 0
};

// Lowers a weak fraction P and failure probabilities F, all in [0, 1].
//
// Fixed point throughout, no libm: every machine computes the same table. Throws
// std::invalid_argument for a value outside [0, 1] or NaN.
LoweredEntry lower(double weak_fraction, double failure_one, double failure_zero);

}  // namespace eden
