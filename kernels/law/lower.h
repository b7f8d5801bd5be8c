#pragma once

#include "kernels/law/table.h"

namespace eden {

// Lowers a weak fraction P and failure probabilities F, all in [0, 1]: the stress is
// min(-log(1 - P), 2^-6), the dense threshold 1 - (1 - P) e^(1/64), each rounded down.
//
// Fixed point throughout, no libm: every machine computes the same table. Throws
// std::invalid_argument for a value outside [0, 1] or NaN.
TableEntry lower(double weak_fraction, double failure_one, double failure_zero);

}  // namespace eden
