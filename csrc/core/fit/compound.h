#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace eden {

// What was counted in one place. A cell is weak with probability P and then fails in each of
// `reads` reads with probability F, so weak cells fail together: a sum of failures is no binomial.
struct FailureGroup {
  int64_t cells = 0;          // known by the sum of their failures alone
  int64_t failures = 0;       // that sum, from 0 to cells x reads
  int64_t seen = 0;           // further cells, each seen to fail: weak for sure
  int64_t seen_failures = 0;  // their failures
  int64_t reads = 1;
  int64_t stored = 1;  // which F they fail by: that of a stored 1, or of a stored 0
  double times = 1.0;  // so many such places
};

// P and F of weak cells. Where P differs from place to place it is drawn from a beta distribution
// of this mean and of shape (a, a (1 - P) / P): for small P, 1 / a is its variance over its mean
// squared.
struct WeakLaw {
  double weak = 0.0;                                       // P, or its mean, in (0, 1)
  double shape = std::numeric_limits<double>::infinity();  // a; infinite where P is one number
  double failure[2] = {1.0, 1.0};                          // F of a stored 0 and of a stored 1
};

double odds_to_share(double log_odds);
// Failed reads of all reads, of the groups of one stored bit, or of all for -1.
double mean_rate(const std::vector<FailureGroup>& groups, int stored = -1);

// The log-likelihood of a place, what is to be expected of it, and its derivatives.
struct GroupScore {
  double log_likelihood = 0.0;
  double weak_cells = 0.0;  // expected weak cells, given what was counted
  double by_weak = 0.0;     // derivative by log(P / (1 - P))
  double by_failure = 0.0;  // by log(F / (1 - F)) of the F in question
  double by_shape = 0.0;    // by log a
};

// The compound likelihood of a place: the sum over the number m of weak cells of
// P(m weak) Binomial(failures; reads x m, F). Without the ways in which the seen cells' failures
// fall on their reads, which are the same under every law.
GroupScore score_of(const FailureGroup& group, const WeakLaw& law);

}  // namespace eden
