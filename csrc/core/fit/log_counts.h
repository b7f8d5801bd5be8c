#pragma once

namespace eden {

// Logarithms of counting terms, to about 1e-15 of their largest part also where the arguments are
// in the billions: differences of log-gammas would lose six digits there.

// log(Gamma(c + x) / (Gamma(c) x!)), x >= 0 a whole number, c > 0.
double log_rising_over_factorial(double x, double c);

// log of the binomial coefficient, 0 <= m <= n.
double log_choose(double n, double m);

// log(Gamma(z + d) / Gamma(z)), z > 0, d >= 0.
double log_gamma_step(double z, double d);

// digamma(z + d) - digamma(z), z > 0, d >= 0.
double digamma_step(double z, double d);

}  // namespace eden
