#include <cmath>
#include <random>

#include "csrc/core/fit/weak_fit.h"
#include "tests/cpp/catch.h"

namespace eden {
namespace {

// What is counted in `places` places of a law.
std::vector<FailureGroup> drawn(int places, int64_t cells, int64_t reads, const WeakLaw& law,
                                unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<FailureGroup> groups(places);
  for (FailureGroup& group : groups) {
    double weak = law.weak;
    if (std::isfinite(law.shape)) {
      const double b = law.shape * (1.0 - law.weak) / law.weak;
      const double x = std::gamma_distribution<>(law.shape)(random);
      weak = x / (x + std::gamma_distribution<>(b)(random));
    }
    group.cells = cells, group.reads = reads;
    const int64_t m = std::binomial_distribution<int64_t>(cells, weak)(random);
    group.failures = std::binomial_distribution<int64_t>(m * reads, law.failure[1])(random);
  }
  return groups;
}

constexpr double kDrop = 6.634896601021213 / 2.0;  // of 99 %

}  // namespace

TEST_CASE("One read: the rate and its interval are the binomial's") {
  FailureGroup group;
  group.cells = 1000000, group.failures = 100;
  const FitForm form{false, false, false};
  const WeakFit fit = fit_weak({group}, form);
  REQUIRE(fit.law.weak == Approx(1e-4).epsilon(1e-6));
  const FitInterval ends = profile_interval({group}, form, fit, FitNumber::kWeak, kDrop);
  for (double p : {ends.low, ends.high}) {
    const double fall = 100 * std::log(1e-4 / p) + 999900 * (std::log1p(-1e-4) - std::log1p(-p));
    REQUIRE(fall == Approx(kDrop).epsilon(1e-3));
  }
}

TEST_CASE("Several reads tell P and F apart, by sums over places") {
  const WeakLaw law{2e-3, WeakLaw().shape, {0.4, 0.4}};
  const auto groups = drawn(400, 20000, 16, law, 7);
  const FitForm form;
  const WeakFit fit = fit_weak(groups, form);
  REQUIRE(fit.log_likelihood >= log_likelihood(groups, law));
  for (FitNumber number : {FitNumber::kWeak, FitNumber::kFailureOne, FitNumber::kRateOne}) {
    const FitInterval ends = profile_interval(groups, form, fit, number, kDrop);
    const double truth = number == FitNumber::kWeak         ? law.weak
                         : number == FitNumber::kFailureOne ? law.failure[1]
                                                            : law.weak * law.failure[1];
    CAPTURE(static_cast<int>(number), ends.low, truth, ends.high);
    REQUIRE((ends.low < truth && truth < ends.high && ends.high < 1.6 * ends.low));
  }
}

TEST_CASE("No fit is less likely than the law that was drawn from") {
  // In many reads each number of weak cells that explains a sum makes a summit of its own.
  const double weak = GENERATE(1e-3, 1e-2, 0.05, 0.1);
  const double failure = GENERATE(1.0, 1.0 - 1e-6, 0.999, 0.9, 0.3);
  const int64_t reads = GENERATE(10, 100);
  const bool by_stored = GENERATE(false, true);
  const WeakLaw law{weak, WeakLaw().shape, {failure, failure}};
  for (unsigned seed : {1u, 2u, 3u}) {
    auto groups = drawn(20, 1000, reads, law, seed);
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i].stored = i % 2;
    const WeakFit fit = fit_weak(groups, {true, by_stored, false});
    CAPTURE(weak, failure, reads, by_stored, seed, fit.law.weak, fit.law.failure[1]);
    CHECK(fit.log_likelihood >= log_likelihood(groups, law) - 0.01);
  }
}

TEST_CASE("A spread of P is found, and none where there is none") {
  const int64_t reads = GENERATE(1, 16);
  const double failure = reads == 1 ? 1.0 : 0.5;
  const WeakLaw law{1e-2, 2.0, {failure, failure}};
  FitForm plain{reads > 1, false, false}, spread{reads > 1, false, true};
  const auto groups = drawn(500, 1000, reads, law, 3);
  const WeakFit wide = fit_weak(groups, spread);
  REQUIRE(wide.log_likelihood > fit_weak(groups, plain).log_likelihood + 50);
  const FitInterval shape = profile_interval(groups, spread, wide, FitNumber::kShape, kDrop);
  REQUIRE((shape.low < 2.0 && 2.0 < shape.high && shape.high < 3.0));
  const auto even = drawn(500, 1000, reads, {1e-2, WeakLaw().shape, {failure, failure}}, 4);
  REQUIRE(fit_weak(even, spread).log_likelihood < fit_weak(even, plain).log_likelihood + 4);
}

TEST_CASE("The parts of a sum tell F, whatever P the sums have") {
  // 200 bitlines of very different P, each in 12 parts.
  const WeakLaw law{1e-2, 0.8, {0.3, 0.3}};
  std::mt19937_64 random(5);
  std::vector<FailureGroup> parts;
  std::vector<int64_t> sum_of;
  std::vector<double> share;
  for (int line = 0; line < 200; ++line) {
    const double x = std::gamma_distribution<>(law.shape)(random) / law.shape;
    const WeakLaw own{std::min(1e-2 * x + 1e-6, 0.9), WeakLaw().shape, {0.3, 0.3}};
    for (const FailureGroup& part : drawn(12, 100, 16, own, 1000 + line)) {
      parts.push_back(part);
      sum_of.push_back(line);
      share.push_back(own.weak / law.weak);
    }
  }
  const FailureHint hint = hint_of_parts(parts, sum_of, share, {});
  const double truth = std::log(0.3 / 0.7);
  CAPTURE(hint.odds, hint.bend);
  REQUIRE(hint.bend > 300.0);
  REQUIRE(std::abs(hint.odds - truth) < 4.0 / std::sqrt(hint.bend));
}

TEST_CASE("The parts of sums of two or three weak cells tell F though P of the sums is not known") {
  // 3,000 bitlines in 8 parts, of which each has about two weak cells: taken for its likeliest, P
  // of a bitline makes F come out 0.1 of its log-odds too high.
  const WeakLaw law{1e-3, 2.0, {0.4, 0.4}};
  std::mt19937_64 random(7);
  std::vector<FailureGroup> parts;
  std::vector<int64_t> sum_of;
  std::vector<double> share;
  for (int line = 0; line < 3000; ++line) {
    const double x = std::gamma_distribution<>(law.shape)(random) / law.shape;
    const WeakLaw own{1e-3 * x + 1e-9, WeakLaw().shape, {0.4, 0.4}};
    double failures = 0;
    for (const FailureGroup& part : drawn(8, 300, 4, own, 10000 + line)) {
      parts.push_back(part);
      sum_of.push_back(line);
      failures += static_cast<double>(part.failures + part.seen_failures);
    }
    const double weak = failures / (4 * 0.4);  // about as many as are expected
    const double expected = (law.shape + weak) / (law.shape / law.weak + 8 * 300) / law.weak;
    share.insert(share.end(), 8, expected);
  }
  const FailureHint hint = hint_of_parts(parts, sum_of, share, law);
  CAPTURE(hint.odds, hint.bend);
  REQUIRE(hint.bend > 1000.0);
  REQUIRE(std::abs(hint.odds - std::log(0.4 / 0.6)) < 3.0 / std::sqrt(hint.bend));
}

// Not to the last bit: C libraries round logarithms otherwise, on x86-64 already with and without
// FMA.
TEST_CASE("Every machine fits the same numbers", "[same]") {
  std::mt19937_64 random(7);
  std::vector<FailureGroup> groups(12);
  for (FailureGroup& group : groups) {
    group.cells = 2000, group.reads = 4;
    group.failures = static_cast<int64_t>(20 + random() % 60);
  }
  const FitForm form;
  const WeakFit fit = fit_weak(groups, form);
  CHECK(fit.law.weak == Approx(0.00640340320493).epsilon(1e-9));
  CHECK(fit.law.failure[1] == Approx(0.90609370466).epsilon(1e-9));
  const FitInterval ends = profile_interval(groups, form, fit, FitNumber::kWeak, 3.3);
  CHECK(ends.low == Approx(0.00504346568489).epsilon(1e-9));
  CHECK(ends.high == Approx(0.012110338576).epsilon(1e-9));
}

TEST_CASE("Sixty-four reads: the likelihood has other summits than the highest") {
  const WeakLaw law{1e-2, WeakLaw().shape, {0.4, 0.4}};
  const WeakFit fit = fit_weak(drawn(5000, 15, 64, law, 11), {});
  REQUIRE(fit.law.failure[1] == Approx(0.4).margin(0.01));
}

TEST_CASE("Without failures only an upper end is known") {
  FailureGroup group;
  group.cells = 1000000;
  const FitForm form{false, false, false};
  const WeakFit fit = fit_weak({group}, form);
  REQUIRE(fit.law.weak < 1e-20);
  const FitInterval ends = profile_interval({group}, form, fit, FitNumber::kWeak, kDrop);
  REQUIRE(ends.low == 0.0);
  REQUIRE(ends.high == Approx(-std::expm1(-kDrop / 1e6)).epsilon(1e-3));
}

TEST_CASE("As many cells as a profile may hold are fitted at once, or refused") {
  FailureGroup group;
  group.cells = int64_t{1} << 50, group.reads = 64, group.failures = int64_t{1} << 40;
  const WeakFit fit = fit_weak({group, group}, {true, false, true, {}});
  const double rate = std::ldexp(1.0, 40 - 56);
  REQUIRE(fit.law.weak * fit.law.failure[1] == Approx(rate).epsilon(1e-3));
  group.failures += 1;
  REQUIRE_THROWS_AS(fit_weak({group}, {}), std::invalid_argument);
  group.reads = 1;
  REQUIRE(fit_weak({group}, {false, false, false, {}}).law.weak > 0);
}

TEST_CASE("Shares of P that are none are refused") {
  FailureGroup part;
  part.cells = 10, part.failures = 3, part.reads = 4;
  const WeakLaw law{1e-2, 2.0, {0.4, 0.4}};
  for (double share : {0.0, -1.0, 1e9, std::nan(""), HUGE_VAL}) {
    CAPTURE(share);
    REQUIRE_THROWS_AS(hint_of_parts({part, part}, {0, 0}, {1.0, share}, law),
                      std::invalid_argument);
  }
  REQUIRE_NOTHROW(hint_of_parts({part, part}, {0, 0}, {1e-9, 1e-9}, law));
}

TEST_CASE("Impossible counts are refused") {
  FailureGroup group;
  group.cells = 10, group.failures = 11;
  REQUIRE_THROWS_AS(fit_weak({group}, {}), std::invalid_argument);
  group.failures = 1, group.seen = 2, group.seen_failures = 1;
  REQUIRE_THROWS_AS(fit_weak({group}, {}), std::invalid_argument);
}

}  // namespace eden
