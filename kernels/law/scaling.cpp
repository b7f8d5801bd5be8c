#include "kernels/law/scaling.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

namespace eden {
namespace {

constexpr double kLn2High = 0x1.62e42fefa38p-1;  // 42 bits: its first 64 multiples are exact
constexpr double kLn2Low = 0x1.ef35793c7673p-45;
constexpr double kLog2E = 0x1.71547652b82fep0;
// Weak for certain: 1 - e^-64 rounds to 1.
constexpr double kEnough = 64;

double from_bits(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

uint64_t to_bits(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// 2 atanh(s) for |s| < 0.174, by its series.
double twice_atanh(double s) {
  const double square = s * s;
  double sum = 0;
  for (int k = 21; k >= 3; k -= 2) sum = square * (1.0 / k + sum);
  return 2 * (s + s * sum);
}

// -log(1 - p)
double stress_of(double p) {
  if (p == 1) return std::numeric_limits<double>::infinity();
  if (p < 0x1p-60) return p;  // and no digit of a subnormal number lost
  if (p < 0.29) return twice_atanh(p / (2 - p));
  // 1 - p = m 2^-n with m in (0.71, 1.42]
  const double q = 1 - p;
  const uint64_t bits = to_bits(q);
  int64_t n = 1023 - static_cast<int64_t>(bits >> 52);
  double m = from_bits((bits & ((uint64_t{1} << 52) - 1)) | to_bits(1));
  if (m > 1.42) {
    m /= 2;
    --n;
  }
  const double whole = static_cast<double>(n);
  return whole * kLn2High + (whole * kLn2Low + twice_atanh((1 - m) / (1 + m)));
}

// (1 - e^-r) / r for |r| < 0.35, from the k-th term of its series on.
template <int k>
inline double series(double r) {
  if constexpr (k > 13) {
    return 1;
  } else {
    return 1 - r * (1.0 / k) * series<k + 1>(r);
  }
}

// 1 - e^-y for y in [0, 64], within 2^-51 of its value: 1 - 2^-n (1 + expm1(-r)), y = n log 2 + r.
inline double weak_of(double y) {
  constexpr double kRound = 0x1.8p52;  // adding it leaves a whole number in the low bits
  const double shifted = y * kLog2E + kRound;
  const double n = shifted - kRound;
  const double r = (y - n * kLn2High) - n * kLn2Low;
  const double power = from_bits((1023 - (to_bits(shifted) & 0xff)) << 52);  // 2^-n
  return (1 - power) + power * (r * series<2>(r));
}

// Adds the upper half onto the lower until one number is left; overwrites what it is given.
double sum_of(double* values, std::size_t n) {
  while (n > 1) {
    const std::size_t half = (n + 1) / 2;
    for (std::size_t i = 0; i < n / 2; ++i) values[i] += values[half + i];
    n = half;
  }
  return n == 0 ? 0 : *values;
}

// The model at one factor.
struct ScaledBer {
  double ber;
  double slope;  // of the rate by the factor
};

class Scaling {
 public:
  explicit Scaling(const ScalingEntries& e)
      : weight_(padded(e.n)), stress_(padded(e.n)), used_(weight_.size() / kBlock) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(e.n); ++i) {
      weight_[i] = e.failure[i] * e.share[i];
      stress_[i] = stress_of(e.weak[i]);
      used_[i / kBlock] |= weight_[i] != 0;
    }
  }

  ScaledBer at(double factor) const {
    std::vector<double> ber(used_.size()), slope(used_.size());
    for (std::size_t b = 0; b < used_.size(); ++b) {
      if (!used_[b]) continue;  // both are 0
      const ScaledBer part = block(b * kBlock, factor);
      ber[b] = part.ber;
      slope[b] = part.slope;
    }
    return {sum_of(ber.data(), ber.size()), sum_of(slope.data(), slope.size()) / factor};
  }

  void weak(double factor, double* scaled, std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) scaled[i] = std::min(factor * stress_[i], kEnough);
    for (std::size_t i = 0; i < n; ++i) scaled[i] = weak_of(scaled[i]);
  }

 private:
  static constexpr std::size_t kBlock = 128;

  static std::size_t padded(int64_t n) {
    return (static_cast<std::size_t>(n) + kBlock - 1) / kBlock * kBlock;
  }

  ScaledBer block(std::size_t begin, double factor) const {
    double y[kBlock], ber[kBlock], slope[kBlock];
    // By itself: the compiler makes no vectors of a minimum.
    for (std::size_t i = 0; i < kBlock; ++i) y[i] = std::min(factor * stress_[begin + i], kEnough);
    for (std::size_t i = 0; i < kBlock; ++i) {
      const double p = weak_of(y[i]);
      ber[i] = weight_[begin + i] * p;
      slope[i] = weight_[begin + i] * ((1 - p) * y[i]);
    }
    return {sum_of(ber, kBlock), sum_of(slope, kBlock)};
  }

  std::vector<double> weight_, stress_;  // [n], padded with entries of weight 0
  std::vector<char> used_;               // whether any entry of a block has weight
};

// Factors are doubles whose last five bits are 0, counted in their order. Neighbours lie so far
// apart (2^-48 or more) that the rounding of `weak_of` cannot turn the order of two weak fractions.
constexpr int kFree = 5;
constexpr uint64_t kLargest = uint64_t{1023 + 1023} << (52 - kFree);  // 2^1023

double factor_of(uint64_t k) { return from_bits(k << kFree); }

// The smallest factor with which the rate, which never falls with it, reaches `ber`, or the largest
// factor. Newton's method finds the place in a few steps from below, as the rate rises ever more
// slowly; where it ends does not depend on the way there.
uint64_t smallest_factor(const Scaling& model, double ber) {
  uint64_t below = 0, reached = kLargest, newton = 0;
  uint64_t next = to_bits(1) >> kFree, stride = 1;
  while (reached - below > 1) {
    const double factor = factor_of(next);
    const ScaledBer here = model.at(factor);
    if (here.ber < ber) {
      below = next;
      const double root = factor + (ber - here.ber) / here.slope;
      newton = root < factor_of(kLargest) ? to_bits(root) >> kFree : kLargest;
    } else {
      reached = next;
    }
    if (newton > below && newton < reached) {
      next = newton;
    } else if (below > 0 && newton <= below && stride < reached - below) {
      next = below + stride;  // at the last digits, where rounding hides the slope
      stride *= 2;
    } else {
      next = below + (reached - below) / 2;
    }
  }
  return reached;
}

}  // namespace

double most_ber(const ScalingEntries& e) {
  std::vector<double> weights;
  for (int64_t i = 0; i < e.n; ++i) {
    if (e.weak[i] > 0) weights.push_back(e.failure[i] * e.share[i]);
  }
  return sum_of(weights.data(), weights.size());
}

void scale_to_ber(const ScalingEntries& e, double ber, double* scaled) {
  if (ber == 0) {
    std::fill(scaled, scaled + e.n, 0.0);
    return;
  }
  const Scaling model(e);
  const double factor = factor_of(smallest_factor(model, ber));
  model.weak(factor, scaled, static_cast<std::size_t>(e.n));
}

}  // namespace eden
