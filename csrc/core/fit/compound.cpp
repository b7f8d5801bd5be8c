#include "csrc/core/fit/compound.h"

#include <algorithm>
#include <cmath>

#include "csrc/core/fit/log_counts.h"

namespace eden {
namespace {

// Terms below exp(-kNegligible) of the greatest are left out.
constexpr double kNegligible = 40.0;
// So many terms with one step, then as many with twice that.
constexpr int kNear = 1024;

// The terms of the sum over m, with the sums that the derivatives need.
class Terms {
 public:
  Terms(const FailureGroup& group, const WeakLaw& law)
      : n_(static_cast<double>(group.cells)),
        k_(static_cast<double>(group.failures)),
        r_(static_cast<double>(group.reads)),
        seen_(static_cast<double>(group.seen)),
        log_weak_(std::log(law.weak)),
        log_strong_(std::log1p(-law.weak)),
        failure_(law.failure[group.stored]),
        log_failure_(std::log(failure_)),
        log_kept_(std::log1p(-failure_)),
        spread_(std::isfinite(law.shape)) {
    if (spread_) {
      a_ = law.shape + seen_;
      b_ = law.shape * (1.0 - law.weak) / law.weak;
      log_all_ = log_rising_over_factorial(n_, a_ + b_);
    }
  }

  double least() const { return std::ceil(k_ / r_); }

  // log of the term of m weak cells among those not seen.
  double log_term(double m) const {
    const double weak = spread_ ? log_rising_over_factorial(m, a_) +
                                      log_rising_over_factorial(n_ - m, b_) - log_all_
                                : log_choose(n_, m) + m * log_weak_ + (n_ - m) * log_strong_;
    const double kept = r_ * m - k_;
    if (failure_ >= 1.0) return kept > 0.0 ? -HUGE_VAL : weak;
    return weak + log_choose(r_ * m, k_) + (k_ > 0.0 ? k_ * log_failure_ : 0.0) + kept * log_kept_;
  }

  // How far apart terms may be added up, as a trapezoid, where no end is near: a third of the
  // standard deviation leaves out nothing that counts.
  double step_at(double top, double width) const {
    double step = std::max(std::floor(width / 3.0), 1.0);
    const auto falls = [&](double m) { return log_term(m) < log_term(top) - 0.1; };
    while (step > 1.0 && (falls(top - step) || falls(top + step))) step = std::floor(step / 2.0);
    return step;
  }

  // About the standard deviation of m around its likeliest value.
  double width(double m) const {
    double bend = 1.0 / (m + 1.0) + 1.0 / (n_ - m + 1.0);
    if (spread_) bend -= 1.0 / (a_ + m + 1.0) + 1.0 / (b_ + n_ - m + 1.0);
    bend += r_ * k_ / ((m + 1.0) * (r_ * m - k_ + 1.0));
    return bend > 1.0 / (n_ * n_) ? 1.0 / std::sqrt(bend) : n_;
  }

  // Where the terms stop growing.
  double likeliest() const {
    double low = least(), high = n_;
    while (low < high) {
      const double middle = std::floor((low + high) / 2.0);
      if (log_term(middle + 1.0) > log_term(middle)) {
        low = middle + 1.0;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // The sum, and with it the means that the derivatives are made of.
  void sum(double top) {
    greatest_ = log_term(top);
    const double width = this->width(top), far = 9.0 * width;
    double up, down = least();
    if (top - far < least()) {
      // The sum ends where it is large, and a trapezoid would feel the edge: from there on term by
      // term, and wider apart only where terms change over longer distances.
      add(down, log_term(down), 1.0);
      up = walk(down, 1.0, 1.0, -1.0, top);
    } else {
      const double step = top + far > n_ ? 1.0 : step_at(top, width);
      add(top, greatest_, step);
      up = walk(top, step, 1.0), down = walk(top, step, -1.0);
    }
    // Where P is spread so far that most places have none or all, an end may weigh as much.
    if (spread_ && up < n_ && log_term(n_) > greatest_ - kNegligible) {
      add(n_, log_term(n_), 1.0);
      walk(n_, 1.0, -1.0, up);
    }
    if (spread_ && down > least() && log_term(least()) > greatest_ - kNegligible) {
      add(least(), log_term(least()), 1.0);
      walk(least(), 1.0, 1.0, down);
    }
  }

  double log_sum() const { return greatest_ + std::log(total_); }
  double mean() const { return mean_ / total_; }
  double mean_digamma(bool of_weak) const { return (of_weak ? psi_weak_ : psi_strong_) / total_; }

 private:
  // Walks from m until the terms are negligible, though not before `past`; returns the last m.
  // `end` is not reached.
  double walk(double m, double step, double direction, double end = -1.0, double past = -1.0) {
    const double last = end >= 0.0 ? end : direction > 0.0 ? n_ : least();
    const double stop = end >= 0.0 ? end - direction : last;
    bool closing = false;
    for (int i = 1;; ++i) {
      if (step > 1.0 && (m + direction * step - stop) * direction > 0.0) {
        // The rest, too, in so many steps, and again: an end may be 2^40 terms away.
        const double closer = std::max(std::floor(std::abs(stop - m) / kNear), 1.0);
        // A trapezoid's corner where the step changes counts for half of both.
        add(m, log_term(m), (closer - step) / 2.0);
        step = closer;
        closing = true;
      }
      const double next = m + direction * step;
      if ((next - stop) * direction > 0.0) return last;
      m = next;
      const bool wider = !closing && i % kNear == 0;
      const double term = log_term(m);
      add(m, term, wider ? 1.5 * step : step);
      if (wider) step *= 2.0;
      if (term < greatest_ - kNegligible && m > past) return m;
    }
  }

  void add(double m, double log_value, double weight) {
    if (log_value > greatest_) {
      const double shrink = std::exp(greatest_ - log_value);
      total_ *= shrink, mean_ *= shrink, psi_weak_ *= shrink, psi_strong_ *= shrink;
      greatest_ = log_value;
    }
    const double value = weight * std::exp(log_value - greatest_);
    total_ += value;
    mean_ += value * m;
    if (spread_) {
      psi_weak_ += value * digamma_step(a_, m);
      psi_strong_ += value * digamma_step(b_, n_ - m);
    }
  }

  double n_, k_, r_, seen_;
  double log_weak_, log_strong_, failure_, log_failure_, log_kept_;
  bool spread_;
  double a_ = 0.0, b_ = 0.0, log_all_ = 0.0;
  double greatest_ = 0.0, total_ = 0.0, mean_ = 0.0, psi_weak_ = 0.0, psi_strong_ = 0.0;
};

}  // namespace

double odds_to_share(double log_odds) { return 1.0 / (1.0 + std::exp(-log_odds)); }

double mean_rate(const std::vector<FailureGroup>& groups, int stored) {
  double failed = 0.0, tested = 0.0;
  for (const FailureGroup& g : groups) {
    if (stored >= 0 && g.stored != stored) continue;
    failed += g.times * static_cast<double>(g.failures + g.seen_failures);
    tested += g.times * static_cast<double>(g.cells + g.seen) * static_cast<double>(g.reads);
  }
  return tested > 0.0 ? failed / tested : 0.0;
}

GroupScore score_of(const FailureGroup& group, const WeakLaw& law) {
  const double n = static_cast<double>(group.cells), seen = static_cast<double>(group.seen);
  const double r = static_cast<double>(group.reads), failure = law.failure[group.stored];
  const double failures = static_cast<double>(group.failures + group.seen_failures);
  Terms terms(group, law);
  terms.sum(group.reads == 1 && failure >= 1.0 ? terms.least() : terms.likeliest());
  GroupScore score;
  score.log_likelihood = terms.log_sum();
  score.weak_cells = seen + terms.mean();
  const double kept = r * seen - static_cast<double>(group.seen_failures);
  if (group.seen_failures > 0) {
    score.log_likelihood += static_cast<double>(group.seen_failures) * std::log(failure);
  }
  if (kept > 0.0) score.log_likelihood += kept * std::log1p(-failure);
  score.by_failure = failures - r * score.weak_cells * failure;
  if (!std::isfinite(law.shape)) {
    score.log_likelihood += seen * std::log(law.weak);
    score.by_weak = score.weak_cells - (n + seen) * law.weak;
    return score;
  }
  const double a = law.shape, b = a * (1.0 - law.weak) / law.weak;
  score.log_likelihood += log_gamma_step(a, seen) - log_gamma_step(a + b, seen);
  const double all = digamma_step(a + b, n + seen);
  const double by_a = digamma_step(a, seen) + terms.mean_digamma(true) - all;
  const double by_b = terms.mean_digamma(false) - all;
  score.by_shape = a * by_a + b * by_b;
  score.by_weak = -b * by_b;
  return score;
}

}  // namespace eden
