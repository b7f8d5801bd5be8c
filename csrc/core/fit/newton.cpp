#include "csrc/core/fit/newton.h"

#include <algorithm>
#include <cmath>

namespace eden {
namespace {

constexpr int kMostSteps = 200;
constexpr double kLongestStep = 4.0;  // in log-odds
constexpr double kApart = 1e-4;       // of the gradients whose difference is the curvature

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

// Solves (A + damping D) s = g, A symmetric; empty if the sum is not positive definite.
Vector solve(Matrix a, const Vector& scale, double damping, Vector g) {
  const std::size_t n = g.size();
  for (std::size_t i = 0; i < n; ++i) a[i][i] += damping * scale[i];
  for (std::size_t i = 0; i < n; ++i) {
    if (!(a[i][i] > 0.0)) return {};
    for (std::size_t j = i + 1; j < n; ++j) {
      const double share = a[j][i] / a[i][i];
      for (std::size_t k = i; k < n; ++k) a[j][k] -= share * a[i][k];
      g[j] -= share * g[i];
    }
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) g[i] -= a[i][k] * g[k];
    g[i] /= a[i][i];
  }
  return g;
}

// Minus the second derivatives of the free numbers.
Matrix bend(const Climbed& f, const Vector& x, const Vector& gradient, const Vector& high,
            const std::vector<std::size_t>& free) {
  Matrix result(free.size(), Vector(free.size()));
  Vector moved_gradient(x.size());
  for (std::size_t i = 0; i < free.size(); ++i) {
    Vector moved = x;
    double apart = x[free[i]] + kApart > high[free[i]] ? -kApart : kApart;
    moved[free[i]] += apart;
    if (!std::isfinite(f(moved, moved_gradient))) {
      apart = -apart;
      moved[free[i]] = x[free[i]] + apart;
      f(moved, moved_gradient);
    }
    for (std::size_t j = 0; j < free.size(); ++j) {
      result[i][j] = (gradient[free[j]] - moved_gradient[free[j]]) / apart;
    }
  }
  for (std::size_t i = 0; i < free.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      result[i][j] = result[j][i] = (result[i][j] + result[j][i]) / 2.0;
    }
  }
  return result;
}

}  // namespace

Summit climb(const Climbed& f, Vector x, const Vector& low, const Vector& high,
             const std::vector<bool>& held) {
  Vector gradient(x.size());
  double value = f(x, gradient), damping = 0.0;
  for (int steps = 0; steps < kMostSteps; ++steps) {
    std::vector<std::size_t> free;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const bool stuck =
          (x[i] <= low[i] && gradient[i] < 0) || (x[i] >= high[i] && gradient[i] > 0);
      if (!held[i] && !stuck) free.push_back(i);
    }
    if (free.empty()) break;
    const Matrix a = bend(f, x, gradient, high, free);
    Vector g(free.size()), scale(free.size());
    for (std::size_t i = 0; i < free.size(); ++i) {
      g[i] = gradient[free[i]];
      scale[i] = std::abs(a[i][i]) + 1e-3 * std::abs(g[i]) + 1e-9;
    }
    bool climbed = false, done = false;
    for (int tries = 0; tries < 60 && !climbed && !done; ++tries) {
      const Vector step = solve(a, scale, damping, g);
      const double grown = std::max(4.0 * damping, 1e-3);
      if (step.empty()) {
        damping = grown;
        continue;
      }
      Vector next = x;
      double gain = 0.0, longest = 0.0;
      for (double s : step) longest = std::max(longest, std::abs(s));
      const double part = longest > kLongestStep ? kLongestStep / longest : 1.0;
      for (std::size_t i = 0; i < free.size(); ++i) {
        const std::size_t j = free[i];
        next[j] = std::clamp(x[j] + part * step[i], low[j], high[j]);
        gain += g[i] * (next[j] - x[j]);
      }
      // What is still to be gained does not count beside a log-likelihood.
      done = gain < 1e-9;
      Vector next_gradient(x.size());
      const double next_value = f(next, next_gradient);
      if (next_value > value) {
        climbed = true;
        x = next, gradient = next_gradient, value = next_value;
        damping = damping < 1e-3 ? 0.0 : damping / 8.0;
      } else {
        damping = grown;
      }
    }
    if (!climbed || done) break;
  }
  return {x, value};
}

}  // namespace eden
