#include "csrc/core/fit/split.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

// P is tried at steps of a twentieth of its logarithm, over so many standard deviations either way.
constexpr double kGrain = 20.0;
constexpr double kReach = 4.0;
// Log-odds of F between which the likeliest is looked for, and how far apart at first.
constexpr double kLow = -7.0, kHigh = 7.0, kApart = 0.5;
// How far it is looked for from that of a law that was fitted.
constexpr double kNear = 2.0;
// Of P over that of the law: beyond, nodes of log P would fill the memory.
constexpr double kMostShare = 1e9;
// Of the second difference: the curve is straight to rounding over less.
constexpr double kBendStep = 0.01;

// Log-likelihoods of one kind of counts by the node of P, from `first` to `last`: NaN until they
// are asked for.
struct NodeLikelihoods {
  FailureGroup group;
  int first = std::numeric_limits<int>::max(), last = std::numeric_limits<int>::min();
  std::vector<double> at;

  void reach(int from, int to) { first = std::min(first, from), last = std::max(last, to); }
};

// A sum: how often it has parts of each kind, and the nodes of log P over which it is averaged.
struct Sum {
  std::vector<std::pair<std::size_t, double>> parts;
  FailureGroup whole;
  std::size_t kind = 0;
  double share = 1.0;
  int first = 0, last = 0, step = 1;
};

double log_sum(const std::vector<double>& logs) {
  const double most = *std::max_element(logs.begin(), logs.end());
  if (!std::isfinite(most)) return most;
  double sum = 0.0;
  for (double x : logs) sum += std::exp(x - most);
  return most + std::log(sum);
}

class Splits {
 public:
  Splits(const std::vector<FailureGroup>& parts, const std::vector<int64_t>& sum_of,
         const std::vector<double>& share, const WeakLaw& law)
      : law_(law), rate_(mean_rate(parts)) {
    std::map<std::pair<int64_t, int64_t>, Sum> sums;
    std::map<std::pair<int64_t, int64_t>, std::map<std::size_t, double>> parts_of;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      FailureGroup part = parts[i];
      if (part.reads == 1) continue;
      if (!(share[i] > 0.0 && share[i] < kMostShare)) {
        refuse("", "share of a part", share[i], "a number above 0, below 1e9");
      }
      part.stored = 1, part.times = 1.0;
      Sum& sum = sums[{sum_of[i], part.reads}];
      parts_of[{sum_of[i], part.reads}][kind_of(part)] += 1.0;
      sum.share = share[i];
      sum.whole.cells += part.cells, sum.whole.failures += part.failures;
      sum.whole.seen += part.seen, sum.whole.seen_failures += part.seen_failures;
      sum.whole.reads = part.reads;
    }
    for (auto& [key, sum] : sums) {
      // Without a failure there is but one split.
      if (sum.whole.failures + sum.whole.seen_failures == 0) continue;
      sum.kind = kind_of(sum.whole);
      sum.parts.assign(parts_of[key].begin(), parts_of[key].end());
      lay_nodes(sum);
      kinds_[sum.kind].reach(sum.first, sum.last);
      for (const auto& [kind, times] : sum.parts) kinds_[kind].reach(sum.first, sum.last);
      first_ = std::min(first_, sum.first), last_ = std::max(last_, sum.last);
      sums_.push_back(std::move(sum));
    }
    for (int node = first_; node <= last_; ++node) prior_.push_back(log_prior(node));
  }

  bool empty() const { return sums_.empty(); }

  // The log-likelihood of all splits at a log-odds of F. P x F stays as it was observed.
  double operator()(double odds) {
    const double failure = odds_to_share(odds);
    at_ = WeakLaw();
    at_.failure[0] = at_.failure[1] = failure;
    at_.weak = rate_ / failure;
    for (NodeLikelihoods& kind : kinds_) {
      if (kind.first <= kind.last) kind.at.assign(kind.last - kind.first + 1, std::nan(""));
    }
    double value = 0.0;
    std::vector<double> split, whole;
    for (const Sum& sum : sums_) {
      split.clear(), whole.clear();
      for (int node = sum.first; node <= sum.last; node += sum.step) {
        const double before = sum.first == sum.last ? 0.0 : prior_[node - first_];
        double parts = before;
        for (const auto& [kind, times] : sum.parts) parts += times * score(kind, node);
        split.push_back(parts);
        whole.push_back(before + score(sum.kind, node));
      }
      value += log_sum(split) - log_sum(whole);
      if (!std::isfinite(value)) return -HUGE_VAL;
    }
    return value;
  }

 private:
  std::size_t kind_of(const FailureGroup& g) {
    const auto key = std::make_tuple(g.cells, g.failures, g.seen, g.seen_failures, g.reads);
    const auto [found, is_new] = known_.emplace(key, kinds_.size());
    if (is_new) kinds_.emplace_back().group = g;
    return found->second;
  }

  void lay_nodes(Sum& sum) const {
    const int middle = static_cast<int>(std::round(kGrain * std::log(sum.share)));
    sum.first = sum.last = middle;
    if (!std::isfinite(law_.shape)) return;
    const double weak = static_cast<double>(sum.whole.failures + sum.whole.seen_failures) /
                        (static_cast<double>(sum.whole.reads) * law_.failure[1]);
    const double width = kGrain / std::sqrt(law_.shape + weak);
    if (width < 1.5) return;
    sum.step = std::max(1, static_cast<int>(width / 2.0));
    const int steps = static_cast<int>(std::ceil(kReach * width / sum.step));
    sum.first = middle - steps * sum.step, sum.last = middle + steps * sum.step;
  }

  // Of the beta distribution of P, over its logarithm.
  double log_prior(int node) const {
    const double share = std::exp(node / kGrain), b = law_.shape * (1.0 - law_.weak) / law_.weak;
    if (law_.weak * share >= 1.0) return -HUGE_VAL;
    return law_.shape * node / kGrain + (b - 1.0) * std::log1p(-law_.weak * share);
  }

  double score(std::size_t number, int node) {
    NodeLikelihoods& kind = kinds_[number];
    double& found = kind.at[node - kind.first];
    if (std::isnan(found)) {
      WeakLaw here = at_;
      here.weak *= std::exp(node / kGrain);
      found = here.weak < 1.0 - 1e-12 ? score_of(kind.group, here).log_likelihood : -HUGE_VAL;
    }
    return found;
  }

  WeakLaw law_, at_;
  double rate_ = 0.0;
  std::vector<NodeLikelihoods> kinds_;
  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t>, std::size_t> known_;
  std::vector<Sum> sums_;
  int first_ = std::numeric_limits<int>::max(), last_ = std::numeric_limits<int>::min();
  std::vector<double> prior_;  // by node, from first_ to last_
};

}  // namespace

FailureHint hint_of_parts(const std::vector<FailureGroup>& parts,
                          const std::vector<int64_t>& sum_of, const std::vector<double>& share,
                          const WeakLaw& law) {
  Splits splits(parts, sum_of, share, law);
  if (splits.empty()) return {};
  double best = kLow, most = -HUGE_VAL;
  const auto look_at = [&](double odds) {
    const double value = splits(odds);
    if (value > most) best = odds, most = value;
  };
  const auto scan = [&](double low, double high) {
    for (double odds = low; odds <= high; odds += kApart) look_at(odds);
    return best > low && best + kApart <= high;
  };
  // The highest of the points looked at leads: near the F of a law that was fitted, and of all if
  // none of those is higher than both its neighbours.
  const double fitted = std::log(law.failure[1] / (1.0 - law.failure[1]));
  const double low = std::max(fitted - kNear, kLow), high = std::min(fitted + kNear, kHigh);
  if (!std::isfinite(law.shape) || !scan(low, high)) scan(kLow, kHigh);
  for (double apart = kApart / 2.0; apart > 1e-2; apart /= 2.0) {
    const double from = best;
    look_at(from - apart);
    look_at(from + apart);
  }
  if (best < kLow + 1.0 || best > kHigh - 1.0) return {};
  // The top of a parabola through three points near by, twice.
  double bend = 0.0;
  for (int i = 0; i < 2; ++i) {
    const double here = splits(best), below = splits(best - kBendStep),
                 above = splits(best + kBendStep);
    bend = (2.0 * here - below - above) / (kBendStep * kBendStep);
    if (!(bend > 0.0) || !std::isfinite(bend)) return {};
    best += std::clamp((above - below) / (2.0 * kBendStep * bend), -kApart, kApart);
  }
  return {best, bend};
}

}  // namespace eden
