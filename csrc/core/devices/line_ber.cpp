#include "csrc/core/devices/line_ber.h"

#include <cmath>

namespace eden {

BerRange ber_of_lines(double line_fraction) {
  // log1p and expm1 keep the digits of fractions near 1e-9, where 1 - (1 - f)^(1/512) cancels.
  return {line_fraction / kLineBits, -std::expm1(std::log1p(-line_fraction) / kLineBits),
          line_fraction};
}

}  // namespace eden
