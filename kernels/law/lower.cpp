#include "kernels/law/lower.h"

#include <cstring>
#include <stdexcept>

#include "kernels/law/refusal.h"

namespace eden {
namespace {

// Numbers in [0, 1) with 128 fraction bits.
__extension__ typedef unsigned __int128 Fraction;

// floor(a b / 2^128).
constexpr Fraction multiply(Fraction a, Fraction b) {
  const uint64_t a0 = static_cast<uint64_t>(a), a1 = static_cast<uint64_t>(a >> 64);
  const uint64_t b0 = static_cast<uint64_t>(b), b1 = static_cast<uint64_t>(b >> 64);
  const Fraction low = Fraction{a0} * b0;
  const Fraction cross0 = Fraction{a0} * b1 + (low >> 64);
  const Fraction cross1 = Fraction{a1} * b0 + static_cast<uint64_t>(cross0);
  return Fraction{a1} * b1 + (cross0 >> 64) + (cross1 >> 64);
}

// e^(1/64) - 1 by its series.
constexpr Fraction exp_minus_one() {
  Fraction sum = 0;
  Fraction term = Fraction{1} << 122;
  for (uint64_t k = 1; term != 0; ++k) {
    sum += term;
    term /= 64 * (k + 1);
  }
  return sum;
}

// A double in [0, 1) as a fraction, bits below 2^-128 dropped.
Fraction fraction_of(double p) {
  uint64_t bits;
  std::memcpy(&bits, &p, sizeof bits);
  const int shift = static_cast<int>(bits >> 52 & 0x7ff) - (1023 + 52 - 128);
  if (shift <= -53) return 0;  // 0 and subnormal numbers as well
  const Fraction m = (bits & ((uint64_t{1} << 52) - 1)) | (uint64_t{1} << 52);
  return shift >= 0 ? m << shift : m >> -shift;
}

// floor(2^64 (-log(1 - p))) for p <= 1/32, by the series p + p^2/2 + p^3/3 + ...
uint64_t stress_of(Fraction p) {
  Fraction sum = p;
  Fraction power = multiply(p, p);
  // What is left is less than two powers: done once that no longer reaches the upper half.
  for (uint64_t k = 2; (sum + 2 * power) >> 64 != sum >> 64; ++k) {
    sum += power / k;
    power = multiply(power, p);
  }
  return static_cast<uint64_t>(sum >> 64);
}

uint64_t threshold_of(double probability) {
  return probability == 1.0 ? kAlways : static_cast<uint64_t>(fraction_of(probability) >> 64);
}

void check_probability(const char* name, double value) {
  if (value >= 0.0 && value <= 1.0) return;
  throw std::invalid_argument(refusal(name, value, "a probability from 0 to 1"));
}

}  // namespace

TableEntry lower(double weak_fraction, double failure_one, double failure_zero) {
  check_probability("weak_fraction", weak_fraction);
  check_probability("failure_probability", failure_one);
  check_probability("failure_probability", failure_zero);
  TableEntry entry{0, 0, threshold_of(failure_one), threshold_of(failure_zero)};
  if (weak_fraction == 1.0) {
    entry.stress = kDenseStart;
    entry.dense = kAlways;
    return entry;
  }
  const Fraction p = fraction_of(weak_fraction);
  // 1 - (1 - P) e^(1/64) = P - (1 - P) (e^(1/64) - 1): positive exactly where tau > 2^-6.
  constexpr Fraction kGrowth = exp_minus_one();
  const Fraction strong_part = p >> 121 == 0 ? p : multiply(~p, kGrowth);  // P < 2^-7 is below it
  if (p > strong_part) {
    entry.stress = kDenseStart;
    entry.dense = static_cast<uint64_t>((p - strong_part) >> 64);
  } else {
    entry.stress = stress_of(p);
    if (entry.stress > kDenseStart) entry.stress = kDenseStart;
  }
  return entry;
}

}  // namespace eden
