#include "csrc/core/fit/log_counts.h"

#include <cmath>

namespace eden {
namespace {

constexpr double kLogRootTwoPi = 0.91893853320467274178;
// From here on Stirling's series with four terms is exact to 1e-12.
constexpr double kLarge = 10.0;

// What Stirling's formula lacks: log Gamma(z) - ((z - 1/2) log z - z + log(2 pi) / 2).
// Abramowitz and Stegun, 6.1.41.
double stirling_rest(double z) {
  const double w = 1.0 / (z * z);
  return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w / 1680))) / z;
}

// log Gamma(z). Not std::lgamma, which writes a global sign.
double log_gamma(double z) {
  double below = 1.0;
  for (; z < kLarge; z += 1.0) below *= z;
  return (z - 0.5) * std::log(z) - z + kLogRootTwoPi + stirling_rest(z) - std::log(below);
}

// digamma(z) - log z for large z. Abramowitz and Stegun, 6.3.18.
double digamma_rest(double z) {
  const double w = 1.0 / (z * z);
  return -0.5 / z - w * (1.0 / 12 - w * (1.0 / 120 - w * (1.0 / 252 - w / 240)));
}

double digamma(double z) {
  double below = 0.0;
  for (; z < kLarge; z += 1.0) below += 1.0 / z;
  return std::log(z) + digamma_rest(z) - below;
}

}  // namespace

double log_rising_over_factorial(double x, double c) {
  if (x < kLarge) {
    double product = 1.0;
    for (double i = 0.0; i < x; i += 1.0) product *= (c + i) / (1.0 + i);
    return std::log(product);
  }
  const double rests = stirling_rest(c + x) - stirling_rest(x);
  if (c < kLarge) {
    return x * std::log1p(c / x) + (c - 0.5) * std::log(c + x) - 0.5 * std::log(x) - c + rests -
           log_gamma(c);
  }
  return c * std::log1p(x / c) + x * std::log1p(c / x) + 0.5 * std::log(c / (x * (c + x))) -
         kLogRootTwoPi + rests - stirling_rest(c);
}

double log_choose(double n, double m) { return log_rising_over_factorial(m, n - m + 1.0); }

double log_gamma_step(double z, double d) {
  if (z < kLarge) return log_gamma(z + d) - log_gamma(z);
  return (z + d - 0.5) * std::log1p(d / z) + d * std::log(z) - d + stirling_rest(z + d) -
         stirling_rest(z);
}

double digamma_step(double z, double d) {
  if (z < kLarge) return digamma(z + d) - digamma(z);
  return std::log1p(d / z) + digamma_rest(z + d) - digamma_rest(z);
}

}  // namespace eden
