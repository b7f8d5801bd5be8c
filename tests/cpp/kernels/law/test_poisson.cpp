#include <cmath>
#include <cstdint>

#include "kernels/access/params.h"
#include "kernels/law/poisson.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

int counted(int exponent, uint64_t u) {
  const int mean = exponent - PoissonTables::kLeastExponent;
  int count = 0;
  for (int i = kPoisson.begin[mean]; i < kPoisson.begin[mean + 1]; ++i)
    count += kPoisson.cdf[i] <= u;
  return count;
}

}  // namespace

TEST_CASE("a count table has the mean and the variance of its law", "[poisson]") {
  const int exponent = GENERATE(range(-10, 10));
  const int mean = exponent - PoissonTables::kLeastExponent;
  const int entries = kPoisson.begin[mean + 1] - kPoisson.begin[mean];
  // E[N] is the sum of the tails P(N > i), E[N (N + 1) / 2] that of (i + 1) P(N > i).
  long double first = 0;
  long double second = 0;
  for (int i = 0; i < entries; ++i) {
    const auto below = static_cast<long double>(kPoisson.cdf[kPoisson.begin[mean] + i]);
    const long double tail = 1 - std::ldexp(below, -64);
    first += tail;
    second += (i + 1) * tail;
  }
  const long double m = std::ldexp(1.0L, exponent);
  // Each entry is rounded down by at most 2^-64; long double rounds alike.
  const long double error = std::ldexp(4.0L * entries, -64) * (1 + m);
  CHECK(std::abs(first - m) <= error);
  CHECK(std::abs(2 * second - first - m - m * m) <= 2 * entries * error);
}

// floor(2^64 P(N <= n)), computed once with 80 decimal digits.
TEST_CASE("count tables hold the exact probabilities", "[poisson]") {
  const auto entry = [](int exponent, int n) {
    return kPoisson.cdf[kPoisson.begin[exponent - PoissonTables::kLeastExponent] + n];
  };
  CHECK(entry(0, 0) == 0x5e2d58d8b3bcdf1au);    // e^-1
  CHECK(entry(-10, 0) == 0xffc007ff555fff77u);  // e^(-1/1024)
  CHECK(entry(2, 0) == 0x04b0556e084f3d1du);    // e^-4
  CHECK(entry(9, 512) == 0x83021d58c77c15c2u);  // mode of the greatest mean
}

TEST_CASE("the guide finds what a scan of the table finds", "[poisson]") {
  const int exponent = GENERATE(range(-10, 10));
  const int mean = exponent - PoissonTables::kLeastExponent;
  for (int i = kPoisson.begin[mean]; i < kPoisson.begin[mean + 1]; ++i) {
    const uint64_t u = kPoisson.cdf[i];
    if (i > kPoisson.begin[mean]) REQUIRE(u >= kPoisson.cdf[i - 1]);
    for (const uint64_t near : {u - 1, u, u + 1}) {
      REQUIRE(poisson_count(kPoisson, exponent, near) == counted(exponent, near));
    }
  }
  for (uint64_t top = 0; top < 256; ++top) {
    for (const uint64_t u : {top << 56, (top << 56) | (~uint64_t{0} >> 8)}) {
      REQUIRE(poisson_count(kPoisson, exponent, u) == counted(exponent, u));
    }
  }
}

TEST_CASE("the rungs cover the sparse time without gap or overlap", "[poisson]") {
  CHECK(rung_start(0) == 0);
  CHECK(rung_start(kSparseRungs) == kDenseStart);
  const int rung = GENERATE(range(0, kSparseRungs));
  const uint64_t length = rung_start(rung + 1) - rung_start(rung);
  const uint64_t step = uint64_t{1} << (rung > 1 ? rung - 1 : 0);
  CHECK(point_time(rung, 0) == rung_start(rung));
  CHECK(point_time(rung, 0xFFFF) == rung_start(rung));  // these bits are the position
  CHECK(point_time(rung, ~uint64_t{0}) == rung_start(rung + 1) - step);
  // 2^16 cells over `length` units of 2^-64.
  CHECK(uint64_t{1} << (rung_mean_log2(rung, 16) + 48) == length);
}
