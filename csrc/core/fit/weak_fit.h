#pragma once

#include <limits>
#include <vector>

#include "csrc/core/fit/compound.h"
#include "csrc/core/fit/split.h"

namespace eden {

// Which numbers of a law are free.
struct FitForm {
  bool failure = true;     // F; otherwise it is 1, as for one read, which shows P x F alone
  bool by_stored = false;  // an F for a stored 1 and one for a stored 0
  bool spread = false;     // P differs from place to place
  FailureHint hint = {};
};

struct WeakFit {
  WeakLaw law;
  double log_likelihood = -std::numeric_limits<double>::infinity();
  std::vector<double> expected_weak;  // of each group, given what was counted
};

// A number of the law of which an interval is asked.
enum class FitNumber { kWeak, kFailureZero, kFailureOne, kShape, kRateZero, kRateOne };

struct FitInterval {
  double low = 0.0;
  double high = 1.0;
};

// The law of greatest likelihood. Groups that are equal but for `times` are worked out once.
//
// Without any failure P ends at the least that is tried, exp(-60). Throws std::invalid_argument for
// a group of impossible counts.
WeakFit fit_weak(const std::vector<FailureGroup>& groups, const FitForm& form);

// The sum over groups, as fit_weak sees it.
double log_likelihood(const std::vector<FailureGroup>& groups, const WeakLaw& law);

// What has a log-likelihood of at most `drop` below the greatest once all other numbers are fitted
// anew. An end that no value of the number crosses is the number's own bound.
FitInterval profile_interval(const std::vector<FailureGroup>& groups, const FitForm& form,
                             const WeakFit& best, FitNumber number, double drop);

}  // namespace eden
