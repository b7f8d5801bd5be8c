#pragma once

#include <cstdint>

namespace eden {

// The entries of an error model, and how many of the cells in question read each of them.
struct ScalingEntries {
  const double* weak;     // [n], P in [0, 1]
  const double* failure;  // [n], F in [0, 1]
  const double* share;    // [n], sum 1
  int64_t n;
};

// What the entries reach when all cells that can be weak are.
double most_ber(const ScalingEntries& entries);

// Multiplies every stress -log(1 - P) by one factor, so that sum(share * P * F) is `ber`: the
// smallest factor of 48 bits that reaches it, docs/rng.md. New P go to `scaled`, [n].
//
// IEEE additions, multiplications and divisions in a fixed order, no libm: every machine computes
// the same. A larger `ber` lowers no P, so that weak sets nest.
void scale_to_ber(const ScalingEntries& entries, double ber, double* scaled);

}  // namespace eden
