#include <cmath>
#include <vector>

#include "csrc/core/fit/compound.h"
#include "csrc/core/fit/log_counts.h"
#include "tests/cpp/catch.h"

namespace eden {
namespace {

// The chance of each sum of failures of n cells, cell by cell: nothing of the sum over m.
std::vector<double> enumerated(int cells, int reads, double weak, double failure) {
  std::vector<double> one(reads + 1);
  for (int j = 0; j <= reads; ++j) {
    one[j] = weak *
             std::exp(std::lgamma(reads + 1) - std::lgamma(j + 1) - std::lgamma(reads - j + 1)) *
             std::pow(failure, j) * std::pow(1.0 - failure, reads - j);
  }
  one[0] += 1.0 - weak;
  std::vector<double> sums = {1.0};
  for (int c = 0; c < cells; ++c) {
    std::vector<double> next(sums.size() + reads);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      for (int j = 0; j <= reads; ++j) next[i + j] += sums[i] * one[j];
    }
    sums = next;
  }
  return sums;
}

FailureGroup sum_of(int64_t cells, int64_t reads, int64_t failures) {
  FailureGroup group;
  group.cells = cells, group.reads = reads, group.failures = failures;
  return group;
}

WeakLaw law_of(double weak, double failure, double shape = WeakLaw().shape) {
  return {weak, shape, {failure, failure}};
}

double chance(const FailureGroup& group, const WeakLaw& law) {
  return std::exp(score_of(group, law).log_likelihood);
}

}  // namespace

TEST_CASE("The compound likelihood is that of every cell and read by itself") {
  const int cells = GENERATE(1, 7, 40);
  const int reads = GENERATE(1, 4, 16);
  const double weak = GENERATE(1e-4, 0.02, 0.6, 0.98);
  const double failure = GENERATE(1e-3, 0.3, 0.97);
  const std::vector<double> expected = enumerated(cells, reads, weak, failure);
  for (int k = 0; k <= cells * reads; ++k) {
    if (expected[k] < 1e-200) continue;
    REQUIRE(chance(sum_of(cells, reads, k), law_of(weak, failure)) ==
            Approx(expected[k]).epsilon(1e-9));
  }
}

TEST_CASE("A spread of P is the mean of likelihoods over a beta distribution") {
  const int reads = GENERATE(1, 4);
  const double weak = 0.1, failure = reads == 1 ? 1.0 : 0.4, shape = GENERATE(0.7, 3.0);
  const double b = shape * (1.0 - weak) / weak;
  // A fine midpoint rule in log-odds.
  std::vector<double> expected(20 * reads + 1);
  for (double x = -60.0; x < 40.0; x += 0.01) {
    const double p = 1.0 / (1.0 + std::exp(-x));
    if (!(p < 1.0)) continue;
    const double density = std::exp(shape * std::log(p) + b * std::log1p(-p) +
                                    std::lgamma(shape + b) - std::lgamma(shape) - std::lgamma(b));
    if (density < 1e-30) continue;
    const std::vector<double> here = enumerated(20, reads, p, failure);
    for (std::size_t k = 0; k < expected.size(); ++k) expected[k] += 0.01 * density * here[k];
  }
  for (int k = 0; k <= 20 * reads; ++k) {
    REQUIRE(chance(sum_of(20, reads, k), law_of(weak, failure, shape)) ==
            Approx(expected[k]).epsilon(1e-6));
  }
}

TEST_CASE("Large groups: terms that are summed apart make the sum of all") {
  const double shape = GENERATE(WeakLaw().shape, 0.4, 5.0, 1e5);
  const double failure = GENERATE(0.004, 0.2, 0.9);
  const int64_t cells = 300000, reads = 8;
  const double weak = 0.05, b = shape * (1.0 - weak) / weak;
  const double share = GENERATE(0.0, 1e-4, 0.8);
  const int64_t failures = static_cast<int64_t>(share * cells * weak * reads * failure);
  double greatest = -HUGE_VAL, total = 0.0;
  for (int64_t m = (failures + reads - 1) / reads; m <= cells; ++m) {
    const double n = cells, k = failures, rm = reads * m;
    double term = std::lgamma(n + 1) - std::lgamma(m + 1.0) - std::lgamma(n - m + 1.0) +
                  std::lgamma(rm + 1) - std::lgamma(k + 1) - std::lgamma(rm - k + 1) +
                  k * std::log(failure) + (rm - k) * std::log1p(-failure);
    term += std::isfinite(shape)
                ? std::lgamma(shape + m) + std::lgamma(b + n - m) - std::lgamma(shape + b + n) +
                      std::lgamma(shape + b) - std::lgamma(shape) - std::lgamma(b)
                : m * std::log(weak) + (n - m) * std::log1p(-weak);
    if (term > greatest) total *= std::exp(greatest - term), greatest = term;
    total += std::exp(term - greatest);
  }
  const double found =
      score_of(sum_of(cells, reads, failures), law_of(weak, failure, shape)).log_likelihood;
  REQUIRE(found == Approx(greatest + std::log(total)).margin(1e-5));
}

TEST_CASE("One read: a spread of P makes a beta-binomial") {
  const double shape = GENERATE(1e-3, 0.01, 0.5, 50.0), weak = 3e-5, b = shape * (1 - weak) / weak;
  const int64_t k = GENERATE(0, 1, 30, 306);
  const double n = 306, expected = std::lgamma(n + 1) - std::lgamma(k + 1.0) -
                                   std::lgamma(n - k + 1) + std::lgamma(shape + k) +
                                   std::lgamma(b + n - k) - std::lgamma(shape + b + n) -
                                   std::lgamma(shape) - std::lgamma(b) + std::lgamma(shape + b);
  const GroupScore score = score_of(sum_of(306, 1, k), law_of(weak, 1.0, shape));
  REQUIRE(score.log_likelihood == Approx(expected).margin(1e-6));
  REQUIRE(score.weak_cells == Approx(static_cast<double>(k)));
}

TEST_CASE("Cells seen one by one are groups of one cell") {
  const double weak = 0.03, failure = 0.3;
  // 50 cells: three failed 1, 2 and 4 times in four reads.
  FailureGroup group = sum_of(47, 4, 0);
  group.seen = 3, group.seen_failures = 7;
  const std::vector<double> one = enumerated(1, 4, weak, failure);
  const double ways = 4.0 * 6.0 * 1.0;
  REQUIRE(chance(group, law_of(weak, failure)) * ways ==
          Approx(std::pow(one[0], 47) * one[1] * one[2] * one[4]).epsilon(1e-10));
}

TEST_CASE("The derivatives are those of the log-likelihood") {
  FailureGroup group = sum_of(4000, 4, GENERATE(0, 3, 90));
  group.seen = GENERATE(0, 5), group.seen_failures = 2 * group.seen;
  const double shape = GENERATE(WeakLaw().shape, 0.6, 40.0, 1e9);
  const double x = -4.0, f = -0.5, apart = 1e-4;
  const auto at = [&](double dx, double df, double ds) {
    const auto share = [](double odds) { return 1.0 / (1.0 + std::exp(-odds)); };
    return score_of(group, law_of(share(x + dx), share(f + df), shape * std::exp(ds)));
  };
  const GroupScore here = at(0, 0, 0);
  const auto slope = [&](double dx, double df, double ds) {
    return (at(dx, df, ds).log_likelihood - at(-dx, -df, -ds).log_likelihood) / (2 * apart);
  };
  REQUIRE(here.by_weak == Approx(slope(apart, 0, 0)).epsilon(1e-5).margin(1e-5));
  REQUIRE(here.by_failure == Approx(slope(0, apart, 0)).epsilon(1e-5).margin(1e-5));
  if (std::isfinite(shape)) {
    REQUIRE(here.by_shape == Approx(slope(0, 0, apart)).epsilon(1e-5).margin(1e-5));
  }
}

TEST_CASE("Counting terms keep their digits where log-gammas lose them") {
  // log C(n, 2) = log(n (n - 1) / 2), and a ratio of neighbours by hand.
  REQUIRE(log_choose(4e9, 2.0) == Approx(std::log(4e9 * (4e9 - 1) / 2)).epsilon(1e-15));
  const double n = 1e9, m = 3e5;
  REQUIRE(log_choose(n, m + 1) - log_choose(n, m) ==
          Approx(std::log((n - m) / (m + 1))).margin(1e-8));
  for (double z : {0.003, 2.5, 9.9, 10.1, 1e6}) {
    REQUIRE(log_gamma_step(z, 1.0) == Approx(std::log(z)).margin(1e-11));
    REQUIRE(digamma_step(z, 1.0) == Approx(1.0 / z).epsilon(1e-9));
    REQUIRE(log_rising_over_factorial(12.0, z) ==
            Approx(std::lgamma(z + 12) - std::lgamma(z) - std::lgamma(13.0)).margin(1e-10 * z));
  }
}

}  // namespace eden
