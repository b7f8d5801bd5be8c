#pragma once

#include <cstdint>

#include "kernels/law/philox.h"

namespace eden {

// Poisson counts by inversion of one 64-bit random number, for means 2^-10 ... 2^9.
//
// cdf[i] = floor(2^64 P(N <= i)); the count of u is the number of entries <= u. The table is made
// in integers only, so every machine and compiler has the same: terms proportional to m^i / i!
// start from 2^96 at the mode and go outwards by exact ratios, each rounded down.
// docs/rng.md states the algorithm, eden/reference repeats it.
struct PoissonTables {
  static constexpr int kLeastExponent = -10;
  static constexpr int kMeans = 20;
  static constexpr int kCapacity = 2560;

  int begin[kMeans + 1];        // mean 2^(i - 10) owns cdf[begin[i]] ... cdf[begin[i + 1] - 1]
  uint64_t cdf[kCapacity];      // [begin[kMeans]]
  uint16_t guide[kMeans][256];  // first entry that a number with this top byte can stop at
};

namespace poisson_detail {

__extension__ typedef unsigned __int128 Wide;

// floor(2^64 a / b) for a < b < 2^127, by long division.
constexpr uint64_t fraction64(Wide a, Wide b) {
  uint64_t quotient = 0;
  for (int bit = 0; bit < 64; ++bit) {
    a <<= 1;
    quotient <<= 1;
    if (a >= b) {
      a -= b;
      quotient |= 1;
    }
  }
  return quotient;
}

// t * mean / divisor, rounded down, for mean = 2^exponent.
constexpr Wide scaled(Wide t, int exponent, uint64_t divisor) {
  return (exponent >= 0 ? t << exponent : t >> -exponent) / divisor;
}

constexpr PoissonTables make() {
  PoissonTables tables{};
  int next = 0;
  for (int i = 0; i < PoissonTables::kMeans; ++i) {
    const int exponent = PoissonTables::kLeastExponent + i;
    const int mode = exponent >= 0 ? 1 << exponent : 0;
    Wide term[1024] = {};
    term[mode] = Wide{1} << 96;
    for (int n = mode; n > 0; --n) term[n - 1] = term[n] * static_cast<uint64_t>(n) >> exponent;
    int last = mode;
    while (term[last] != 0) {
      term[last + 1] = scaled(term[last], exponent, static_cast<uint64_t>(last) + 1);
      ++last;
    }
    Wide total = 0;
    for (int n = 0; n < last; ++n) total += term[n];
    tables.begin[i] = next;
    Wide sum = 0;
    for (int n = 0; n < last; ++n) {
      sum += term[n];
      if (sum >= total) break;
      tables.cdf[next++] = fraction64(sum, total);
    }
    int entry = tables.begin[i];
    for (int top = 0; top < 256; ++top) {
      while (entry < next && tables.cdf[entry] <= static_cast<uint64_t>(top) << 56) ++entry;
      tables.guide[i][top] = static_cast<uint16_t>(entry);
    }
  }
  tables.begin[PoissonTables::kMeans] = next;
  return tables;
}

}  // namespace poisson_detail

inline constexpr PoissonTables kPoisson = poisson_detail::make();

// Poisson(2^exponent) count that belongs to the random number u.
EDEN_HD inline int poisson_count(const PoissonTables& tables, int exponent, uint64_t u) {
  const int mean = exponent - PoissonTables::kLeastExponent;
  int entry = tables.guide[mean][u >> 56];
  while (entry < tables.begin[mean + 1] && tables.cdf[entry] <= u) ++entry;
  return entry - tables.begin[mean];
}

}  // namespace eden
