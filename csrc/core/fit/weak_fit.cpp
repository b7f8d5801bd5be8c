#include "csrc/core/fit/weak_fit.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "csrc/core/fields/fields.h"
#include "csrc/core/fit/newton.h"

namespace eden {
namespace {

// Where numbers live while they are fitted: log-odds of P (or log of P x F), of the F of a stored 0
// and of a stored 1, and log of the shape.
enum Slot { kMain, kZero, kOne, kSpread, kSlots };
const std::vector<double> kLow = {-60.0, -40.0, -40.0, -25.0};
const std::vector<double> kHigh = {25.0, 25.0, 25.0, 25.0};

double share_to_odds(double p) { return std::log(p) - std::log1p(-p); }

auto order_of(const FailureGroup& g) {
  return std::tie(g.cells, g.failures, g.seen, g.seen_failures, g.reads, g.stored);
}

// Beyond, a sum's terms differ by less than the rounding of their logarithms.
constexpr int64_t kMostFailures = int64_t{1} << 40;
// Beyond, a count and one more are the same number of double precision.
constexpr int64_t kMostCells = int64_t{1} << 52;

void check(const FailureGroup& g) {
  const auto within = [](int64_t value, int64_t cells, int64_t reads) {
    return value >= 0 &&
           static_cast<double>(value) <= static_cast<double>(cells) * static_cast<double>(reads);
  };
  if (g.cells < 0 || g.seen < 0 || g.reads < 1 || g.stored < 0 || g.stored > 1 ||
      !within(g.failures, g.cells, g.reads) || !within(g.seen_failures, g.seen, g.reads) ||
      g.seen_failures < g.seen) {
    refuse("", "a group",
           std::to_string(g.cells) + " cells, " + std::to_string(g.reads) + " reads, " +
               std::to_string(g.failures) + " failures",
           "at most reads x cells failures, of cells that were seen at least one each");
  }
  if (g.cells > kMostCells) {
    refuse("", "number of cells of a place, or of all on one line", g.cells, "at most 2^52");
  }
  if (g.reads > 1 && g.failures > kMostFailures) {
    refuse("", "number of failures of a place that was read more than once", g.failures,
           "at most 2^40; give smaller places");
  }
}

// The groups once each, and which of them each of the given ones is.
struct Distinct {
  std::vector<FailureGroup> groups;
  std::vector<std::size_t> which;
};

Distinct distinct(const std::vector<FailureGroup>& groups) {
  std::vector<std::size_t> order(groups.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return order_of(groups[i]) < order_of(groups[j]);
  });
  Distinct result;
  result.which.resize(groups.size());
  for (std::size_t i : order) {
    check(groups[i]);
    if (result.groups.empty() || order_of(result.groups.back()) != order_of(groups[i])) {
      result.groups.push_back(groups[i]);
    } else {
      result.groups.back().times += groups[i].times;
    }
    result.which[i] = result.groups.size() - 1;
  }
  return result;
}

// The log-likelihood over numbers that may be climbed; the main one is P, or P x F of one side.
class Landscape {
 public:
  Landscape(std::vector<FailureGroup> groups, const FitForm& form, Slot rate_of = kSlots)
      : groups_(std::move(groups)), form_(form), rate_of_(rate_of) {}

  WeakLaw law(const std::vector<double>& x) const {
    WeakLaw law;
    if (form_.failure) {
      law.failure[1] = odds_to_share(x[kOne]);
      law.failure[0] = form_.by_stored ? odds_to_share(x[kZero]) : law.failure[1];
    }
    law.weak = rate_of_ == kSlots ? odds_to_share(x[kMain])
                                  : std::exp(x[kMain]) / law.failure[rate_of_ == kOne];
    if (form_.spread) law.shape = std::exp(x[kSpread]);
    return law;
  }

  std::vector<double> numbers(const WeakLaw& law) const {
    std::vector<double> x(kSlots);
    x[kMain] = rate_of_ == kSlots ? share_to_odds(law.weak)
                                  : std::log(law.weak * law.failure[rate_of_ == kOne]);
    for (int stored : {0, 1}) x[kZero + stored] = share_to_odds(law.failure[stored]);
    x[kSpread] = std::log(law.shape);
    for (int i = 0; i < kSlots; ++i) x[i] = std::clamp(x[i], kLow[i], kHigh[i]);
    return x;
  }

  std::vector<bool> held() const {
    return {false, !form_.failure || !form_.by_stored, !form_.failure, !form_.spread};
  }

  double operator()(const std::vector<double>& x, std::vector<double>& gradient) const {
    const WeakLaw law = this->law(x);
    std::fill(gradient.begin(), gradient.end(), 0.0);
    if (!(law.weak < 1.0 - 1e-12)) return -HUGE_VAL;
    double value = 0.0;
    for (const FailureGroup& group : groups_) {
      if (group.times == 0.0) continue;
      const GroupScore score = score_of(group, law);
      value += group.times * score.log_likelihood;
      gradient[kMain] += group.times * score.by_weak;
      gradient[form_.by_stored && group.stored == 0 ? kZero : kOne] +=
          group.times * score.by_failure;
      gradient[kSpread] += group.times * score.by_shape;
    }
    const double off = x[kOne] - form_.hint.odds;
    value -= form_.hint.bend * off * off / 2.0;
    gradient[kOne] -= form_.hint.bend * off;
    if (rate_of_ != kSlots) {
      // With log(P F) held, log P falls as log F rises.
      gradient[kMain] /= 1.0 - law.weak;
      gradient[rate_of_] -= gradient[kMain] * (1.0 - law.failure[rate_of_ == kOne]);
    }
    return value;
  }

 private:
  std::vector<FailureGroup> groups_;
  FitForm form_;
  Slot rate_of_;
};

Summit climb_on(const Landscape& landscape, const std::vector<double>& from,
                const std::vector<bool>& held) {
  return climb([&](const auto& x, auto& gradient) { return landscape(x, gradient); }, from, kLow,
               kHigh, held);
}

// The share of failed reads where any failed: F, of places that seldom hold two weak cells.
double likely_failure(const std::vector<FailureGroup>& groups) {
  double failed = 0.0, reads = 0.0;
  for (const FailureGroup& g : groups) {
    const int64_t cells = g.seen + (g.failures > 0 ? (g.failures - 1) / g.reads + 1 : 0);
    failed += g.times * static_cast<double>(g.failures + g.seen_failures);
    reads += g.times * static_cast<double>(cells) * static_cast<double>(g.reads);
  }
  return reads > 0.0 ? std::min(failed / reads, 0.99) : 0.5;
}

// Laws with the mean rate as observed, to climb from: the mean tells P x F at once, not F.
std::vector<WeakLaw> starts(const std::vector<FailureGroup>& groups, const FitForm& form) {
  const double rate = std::max(mean_rate(groups), 1e-26);
  const double rates[2] = {mean_rate(groups, 0), mean_rate(groups, 1)};
  const double greatest = std::max({rates[0], rates[1], 1e-26});
  std::vector<double> failures = {1.0}, shapes = {WeakLaw().shape};
  if (form.failure) {
    failures = {0.003, 0.03, 0.1, 0.25, 0.5, 0.75, likely_failure(groups), 0.95};
    // Cells that nearly always fail: the summit there is as narrow as what is left to 1.
    for (double rest = 1e-2; rest > 1e-10; rest *= 0.1) failures.push_back(1.0 - rest);
  }
  // Where one weak cell could make all of a place's failures, many that seldom fail could as well.
  int64_t reads = 1;
  for (const FailureGroup& g : groups) reads = std::max(reads, g.reads);
  if (form.failure && reads > 256) {
    for (double f = 0.1 / static_cast<double>(reads); f < 0.003; f *= 10.0) failures.push_back(f);
  }
  // Every number of weak cells that explains a place's failures makes a summit.
  if (form.failure && reads > 1 && !form.spread) {
    for (double odds = -1.0; odds < 4.6; odds += 0.1) failures.push_back(odds_to_share(odds));
  }
  if (form.hint.bend > 0.0) failures.push_back(odds_to_share(form.hint.odds));
  if (form.spread) shapes = {0.01, 0.1, 1.0, 10.0, 100.0, 1e4};
  std::vector<WeakLaw> found;
  for (double failure : failures) {
    for (double shape : shapes) {
      // F of a stored 0 and of a stored 1 as their rates have it, or one for both.
      for (const bool apart : {true, false}) {
        const double most = apart ? greatest : rate;
        if ((apart && !form.by_stored) || (most >= 0.999 * failure && failure < 0.95)) continue;
        WeakLaw law;
        law.weak = std::min(most / failure, 0.999);
        law.shape = shape;
        for (int stored : {0, 1}) {
          law.failure[stored] = std::max(failure * (apart ? rates[stored] / most : 1.0), 1e-12);
        }
        found.push_back(law);
      }
    }
  }
  return found;
}

}  // namespace

double log_likelihood(const std::vector<FailureGroup>& groups, const WeakLaw& law) {
  double value = 0.0;
  for (const FailureGroup& g : distinct(groups).groups) {
    value += g.times * score_of(g, law).log_likelihood;
  }
  return value;
}

WeakFit fit_weak(const std::vector<FailureGroup>& groups, const FitForm& form) {
  const Distinct once = distinct(groups);
  const Landscape landscape(once.groups, form);
  std::vector<Summit> tried;
  std::vector<double> gradient(kSlots);
  for (const WeakLaw& law : starts(once.groups, form)) {
    const std::vector<double> x = landscape.numbers(law);
    tried.push_back({x, landscape(x, gradient)});
  }
  std::sort(tried.begin(), tried.end(),
            [](const Summit& a, const Summit& b) { return a.value > b.value; });
  // Many reads make a summit for each F that some number of weak cells could explain.
  Summit best = tried[0];
  const std::size_t most = form.failure ? (form.spread ? 6 : 12) : 1;
  for (std::size_t i = 0; i < std::min(most, tried.size()); ++i) {
    const Summit found = climb_on(landscape, tried[i].x, landscape.held());
    if (i == 0 || found.value > best.value) best = found;
  }
  WeakFit fit;
  fit.law = landscape.law(best.x);
  fit.log_likelihood = best.value;
  std::vector<double> weak;
  for (const FailureGroup& g : once.groups) weak.push_back(score_of(g, fit.law).weak_cells);
  for (std::size_t i : once.which) fit.expected_weak.push_back(weak[i]);
  return fit;
}

FitInterval profile_interval(const std::vector<FailureGroup>& groups, const FitForm& form,
                             const WeakFit& best, FitNumber number, double drop) {
  const bool rate = number == FitNumber::kRateZero || number == FitNumber::kRateOne;
  const bool of_zero = number == FitNumber::kRateZero || number == FitNumber::kFailureZero;
  const Slot side = of_zero && form.by_stored ? kZero : kOne;
  const Slot held_slot = rate || number == FitNumber::kWeak ? kMain
                         : number == FitNumber::kShape      ? kSpread
                                                            : side;
  const Landscape landscape(distinct(groups).groups, form, rate && form.failure ? side : kSlots);
  std::vector<bool> held = landscape.held();
  if (held[held_slot]) refuse("", "number of an interval", "one not fitted", "one that was");
  held[held_slot] = true;
  const std::vector<double> start = landscape.numbers(best.law);
  const auto value_at = [&](double x) {
    return rate && form.failure   ? std::exp(x)
           : held_slot == kSpread ? std::exp(x)
                                  : odds_to_share(x);
  };
  const double target = std::sqrt(drop);
  const auto end = [&](double direction) {
    std::vector<double> inner = start;
    const double bound =
        direction > 0 ? (rate && form.failure ? -1e-9 : kHigh[held_slot]) : kLow[held_slot];
    const double farthest = std::abs(bound - start[held_slot]);
    // How far the likelihood falls at a distance, as a root: nearly straight in the distance.
    const auto fallen = [&](double distance) {
      std::vector<double> from = inner;
      from[held_slot] = start[held_slot] + direction * distance;
      if (rate && form.failure) {
        // P must stay below 1.
        const double least = std::exp(from[kMain]);
        double& odds = from[side];
        if (odds_to_share(odds) <= least * (1.0 + 1e-9)) odds = share_to_odds((1.0 + least) / 2.0);
        odds = std::min(odds, kHigh[side]);
      }
      const Summit summit = climb_on(landscape, from, held);
      if (std::isfinite(summit.value)) inner = summit.x;
      return std::sqrt(std::max(0.0, best.log_likelihood - summit.value));
    };
    double near = 0.0, near_fall = 0.0, far = 0.02, far_fall = 0.0;
    for (;;) {
      far = std::min(far, farthest);
      far_fall = fallen(far);
      if (far_fall >= target) break;
      if (far >= farthest) return direction > 0 ? (held_slot == kSpread ? HUGE_VAL : 1.0) : 0.0;
      const double ratio = far_fall > 0.0 ? 1.1 * target / far_fall : 5.0;
      near = far, near_fall = far_fall;
      far *= std::clamp(ratio, 1.1, 5.0);
    }
    for (int i = 0; i < 60 && far - near > 1e-9 * far; ++i) {
      double share = std::isfinite(far_fall) ? (target - near_fall) / (far_fall - near_fall) : 0.5;
      // Not always from the same side.
      if (i % 3 == 2) share = 0.5;
      const double middle = near + std::clamp(share, 0.02, 0.98) * (far - near);
      const double fall = fallen(middle);
      if (std::abs(fall - target) < 1e-4 * target) {
        near = far = middle;
      } else if (fall < target) {
        near = middle, near_fall = fall;
      } else {
        far = middle, far_fall = fall;
      }
    }
    return value_at(start[held_slot] + direction * (near + far) / 2.0);
  };
  return {end(-1.0), end(1.0)};
}

}  // namespace eden
