#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/law/scaling.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

struct Model {
  std::vector<double> weak, failure, share;

  ScalingEntries entries() const {
    return {weak.data(), failure.data(), share.data(), static_cast<int64_t>(weak.size())};
  }
  std::vector<double> at(double ber) const {
    std::vector<double> scaled(weak.size());
    scale_to_ber(entries(), ber, scaled.data());
    return scaled;
  }
};

Model equal_shares(std::vector<double> weak, double failure = 1) {
  const std::size_t n = weak.size();
  return {std::move(weak), std::vector<double>(n, failure), std::vector<double>(n, 1.0 / n)};
}

double ber_of(const Model& m, const std::vector<double>& weak) {
  long double sum = 0;
  for (std::size_t i = 0; i < weak.size(); ++i) {
    sum += static_cast<long double>(weak[i]) * m.failure[i] * m.share[i];
  }
  return static_cast<double>(sum);
}

Model spread(unsigned seed, std::size_t n) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> exponent(-9, 3);
  std::vector<double> weak(n);
  for (double& p : weak) p = std::min(1.0, std::exp(exponent(random)));
  return equal_shares(std::move(weak), 0.75);
}

}  // namespace

TEST_CASE("scaling reaches the rate, with one factor for all stresses", "[scaling]") {
  const Model m = spread(1, GENERATE(1u, 7u, 128u, 1000u));
  const double part = GENERATE(1e-12, 1e-6, 1e-3, 0.1, 0.9, 0.999);
  const double ber = part * most_ber(m.entries());
  const std::vector<double> scaled = m.at(ber);
  CHECK(std::abs(ber_of(m, scaled) / ber - 1) < 1e-14);
  double factor = 0;
  for (std::size_t i = 0; i < scaled.size(); ++i) {
    if (m.weak[i] == 1 || scaled[i] > 0.99) continue;
    const double here = std::log1p(-scaled[i]) / std::log1p(-m.weak[i]);
    if (factor == 0) factor = here;
    CHECK(std::abs(here / factor - 1) < 1e-13);
  }
}

TEST_CASE("certain cells stay certain and sound ones sound", "[scaling]") {
  const Model m = equal_shares({0, 1, 1e-3, 1e-300, 1 - 0x1p-53});
  CHECK(most_ber(m.entries()) == 0.8);
  for (const double ber : {1e-9, 0.1, 0.3, 0.5, 0.7, 0.8}) {  // a fifth is there at any factor
    const auto scaled = m.at(ber);
    CHECK(scaled[0] == 0);
    CHECK(scaled[1] == 1);
    CHECK(ber_of(m, scaled) >= ber * (1 - 1e-15));
  }
  CHECK(m.at(0) == std::vector<double>(5, 0.0));
  for (const double p : equal_shares({0.3, 0.4}).at(1)) CHECK(p >= 1 - 0x1p-52);
}

TEST_CASE("a larger rate lowers no weak fraction", "[scaling]") {
  const Model m = spread(GENERATE(2u, 3u), 500);
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> exponent(-40, std::log(0.7));
  std::vector<double> rates;
  for (int i = 0; i < 60; ++i) rates.push_back(std::exp(exponent(random)));
  for (int i = 0; i < 30; ++i) rates.push_back(std::nextafter(rates[i], 1));  // neighbours too
  std::sort(rates.begin(), rates.end());
  std::vector<double> below(500, 0.0);
  for (const double ber : rates) {
    const auto scaled = m.at(ber);
    for (std::size_t i = 0; i < scaled.size(); ++i) REQUIRE(scaled[i] >= below[i]);
    below = scaled;
  }
}

TEST_CASE("neighbouring factors keep the order at every stress", "[scaling]") {
  // A cell of its own at the wanted rate; the other's weak fraction then runs over all stresses,
  // the ends of the binary ranges of the exponential among them.
  std::vector<double> weak;
  for (int n = 0; n < 200; ++n) weak.push_back(-std::expm1(-0.02 * n * std::log(2.0)));
  for (int n = 1; n < 37; ++n) weak.push_back(-std::expm1(-(n - 0.5) * std::log(2.0)));
  const Model m = equal_shares(weak);
  std::vector<double> below(weak.size(), 0.0);
  double ber = ber_of(m, weak);
  for (int i = 0; i < 400; ++i) {
    ber *= 1 + 0x1p-48;  // about a factor's step
    const auto scaled = m.at(ber);
    for (std::size_t k = 0; k < scaled.size(); ++k) REQUIRE(scaled[k] >= below[k]);
    below = scaled;
  }
}
