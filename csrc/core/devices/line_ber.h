#pragma once

#include "csrc/core/fields/fields.h"

namespace eden {

// A bit error rate with the range that the measurement leaves open.
struct BerRange {
  double low = 0;
  double mean = 0;
  double high = 0;
};

template <>
struct FieldsOf<BerRange> {
  static constexpr Field<BerRange> list[] = {
      {"low", &BerRange::low, 0, 1},
      {"mean", &BerRange::mean, 0, 1},
      {"high", &BerRange::high, 0, 1},
  };
};

// Bits of the 64-byte lines in which the voltage study counts errors.
constexpr double kLineBits = 512;

// The bit error rate behind a fraction of lines with at least one error, in [0, 1]:
// low f / 512 (one bad bit a bad line), mean 1 - (1 - f)^(1/512) (independent bits),
// high f (whole lines bad).
BerRange ber_of_lines(double line_fraction);

}  // namespace eden
