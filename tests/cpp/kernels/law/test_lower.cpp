#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include "kernels/law/lower.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

long double scaled(uint64_t units) { return std::ldexp(static_cast<long double>(units), -64); }

}  // namespace

TEST_CASE("the ends of the range are exact", "[lower]") {
  const TableEntry never = lower(0.0, 0.0, 0.0);
  CHECK((never.stress == 0 && never.dense == 0 && never.fail_one == 0 && never.fail_zero == 0));
  const TableEntry always = lower(1.0, 1.0, 1.0);
  CHECK((always.stress == kDenseStart && always.dense == kAlways));
  CHECK((always.fail_one == kAlways && always.fail_zero == kAlways));
}

// -log(1 - P) and 1 - (1 - P) e^(1/64), times 2^64 and rounded down, with 80 decimal digits.
TEST_CASE("thresholds are exact to the unit", "[lower]") {
  CHECK(lower(1e-9, 1, 1).stress == 0x44b82fa12u);
  CHECK(lower(1e-2, 1, 1).stress == 0x0292a8a7cdfa96d6u);
  CHECK(lower(0.1, 1, 1).dense == 0x15f8c32991e663dfu);
  CHECK(lower(0.5, 1, 1).dense == 0x7dfbfaa5510e3742u);
  CHECK(lower(0.1, 1, 1).stress == kDenseStart);
  CHECK(lower(0.0, 0.5, 0.25).fail_one == uint64_t{1} << 63);
  CHECK(lower(0.0, 0.5, 0.25).fail_zero == uint64_t{1} << 62);
}

TEST_CASE("stress is -log(1 - P) at every magnitude", "[lower]") {
  for (double p = std::ldexp(1.0, -64); p < 0.0155; p *= 1.37) {
    const TableEntry entry = lower(p, 1.0, 1.0);
    REQUIRE(entry.dense == 0);
    const long double tau = -std::log1p(-static_cast<long double>(p));
    REQUIRE(std::abs(scaled(entry.stress) - tau) <= std::ldexp(1.0L, -63) + tau * 1e-18L);
  }
  CHECK(lower(std::ldexp(1.0, -64), 1, 1).stress == 1);
  CHECK(lower(std::ldexp(1.0, -65), 1, 1).stress == 0);
  CHECK(lower(std::numeric_limits<double>::denorm_min(), 1, 1).stress == 0);
  CHECK(lower(-0.0, -0.0, 1).stress == 0);
  CHECK(lower(-0.0, -0.0, 1).fail_one == 0);
}

TEST_CASE("thresholds grow with P, across the start of the dense rung", "[lower]") {
  const double edge = -std::expm1(-1.0 / 64);
  TableEntry before = lower(edge * (1 - 1e-13), 1, 1);
  CHECK(before.dense == 0);
  double p = edge * (1 - 1e-13);
  for (int i = 0; i < 2000; ++i) {
    p = std::nextafter(p, 1.0);
    const TableEntry entry = lower(p, 1, 1);
    REQUIRE(entry.stress >= before.stress);
    REQUIRE(entry.dense >= before.dense);
    REQUIRE((entry.dense == 0 || entry.stress == kDenseStart));
    before = entry;
  }
  CHECK(before.dense > 0);
}

TEST_CASE("what is no probability is refused", "[lower]") {
  const double wrong = GENERATE(-1e-300, -1.0, 1.0000001, INFINITY, NAN);
  CHECK_THROWS_AS(lower(wrong, 1, 1), std::invalid_argument);
  CHECK_THROWS_AS(lower(0.5, wrong, 1), std::invalid_argument);
  CHECK_THROWS_AS(lower(0.5, 1, wrong), std::invalid_argument);
}
