#pragma once

#include <functional>
#include <vector>

namespace eden {

// A function of a few numbers and its gradient; -infinity where it is not defined.
using Climbed = std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>;

struct Summit {
  std::vector<double> x;
  double value = 0.0;
};

// Climbs from `x` to a maximum by Newton's steps, damped where they do not climb, within
// `low[i] <= x[i] <= high[i]`. Numbers of `held` keep their value.
Summit climb(const Climbed& f, std::vector<double> x, const std::vector<double>& low,
             const std::vector<double>& high, const std::vector<bool>& held);

}  // namespace eden
