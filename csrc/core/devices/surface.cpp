#include "csrc/core/devices/surface.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace eden {
namespace {

// How far along from `low` to `high`: retention follows powers of the interval.
double way(std::size_t axis, double low, double wanted, double high) {
  if (axis == kRefresh) return std::log(wanted / low) / std::log(high / low);
  return (wanted - low) / (high - low);
}

bool of_retention(const MeasuredPoint& p) { return !std::isnan(p.refresh_seconds); }

// Whether errors are known to grow along an axis, one way or the other.
bool grows_along(std::size_t axis, bool retention) {
  return axis == kRefresh || (retention ? axis == kTemperature : axis != kTemperature);
}

// The measured values around a wanted one, and how much of each it takes.
struct Bracket {
  double low = kNotStated, high = kNotStated;  // the same where it was measured
  double high_share = 0;

  double share_of(std::size_t axis, double value) const {
    if (same(axis, value, low)) return 1 - high_share;
    return same(axis, value, high) ? high_share : 0;
  }
  std::size_t corners() const { return high_share > 0 ? 2 : 1; }
};

// Of the values that these points have on an axis; nothing where all lie on one side.
std::optional<Bracket> bracket(const std::vector<Conditions>& known, std::size_t axis,
                               double wanted) {
  double low = -HUGE_VAL, high = HUGE_VAL;
  for (const Conditions& one : known) {
    const double value = one[axis];
    if (same(axis, value, wanted)) return Bracket{value, value, 0};
    if (value < wanted) low = std::max(low, value);
    if (value > wanted) high = std::min(high, value);
  }
  if (!std::isfinite(low) || !std::isfinite(high)) return std::nullopt;
  return Bracket{low, high, way(axis, low, wanted, high)};
}

double weight_of_rows(const std::vector<double>& bank, const Geometry& g, int64_t first,
                      int64_t rows) {
  if (bank.size() == 1) return bank[0];
  double sum = 0;
  for (int64_t i = first / g.rows_per_subarray; i * g.rows_per_subarray < first + rows; ++i) {
    const int64_t begin = std::max(first, i * g.rows_per_subarray);
    const int64_t end = std::min(first + rows, (i + 1) * g.rows_per_subarray);
    sum += bank[static_cast<std::size_t>(i)] * static_cast<double>(end - begin);
  }
  return sum / static_cast<double>(rows);
}

double mean_weight(const MeasuredPoint& p) {
  double sum = 0;
  for (const auto& bank : p.weights) {
    double of_bank = 0;
    for (double w : bank) of_bank += w;
    sum += of_bank / static_cast<double>(bank.size());
  }
  return sum / static_cast<double>(p.weights.size());
}

// How many times as often as on average the cells of a partition fail.
double share_of(const Geometry& g, const MeasuredPoint& p, const Partition* partition) {
  if (partition == nullptr || p.weights.empty()) return 1;
  const auto& bank = p.weights[static_cast<std::size_t>(partition->bank)];
  return weight_of_rows(bank, g, partition->first_row, partition->rows) / mean_weight(p);
}

// What one measurement says of a part of the module, by itself.
BerRange measured_ber(const Geometry& g, const MeasuredPoint& p, const Partition* partition) {
  const double part = partition == nullptr ? 1
                                           : static_cast<double>(partition->size_bytes()) /
                                                 static_cast<double>(g.size_bytes());
  const double tested = p.cells_tested * part, share = share_of(g, p, partition);
  const double low = std::min(1.0, p.fraction_low * share);
  const double fraction = std::min(1.0, p.fraction * share);
  const double high = std::min(1.0, p.fraction_high * share);
  if (p.fraction == 0) {
    const double limit = std::min(1.0, 1 / tested);
    return {0, limit, limit};
  }
  if (!p.by_lines) return {low, fraction, high};
  // Lines that all fail are censored like lines of which none does: independent bits are known to
  // fail so often that at most one line in those tested would be spared, not to fail always.
  const double spared = 1 - 1 / std::max(2.0, tested / kLineBits);
  return {ber_of_lines(std::min(low, spared)).low, ber_of_lines(std::min(fraction, spared)).mean,
          high};
}

// Whether errors at `a` are known to be at least as many as at `b`.
bool as_harsh(const MeasuredPoint& a, const MeasuredPoint& b) {
  const Conditions at = conditions_of(a), other = conditions_of(b);
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    if (same(axis, at[axis], other[axis])) continue;
    const bool rises = axis == kRefresh || axis == kTemperature;
    const bool harsher = rises ? at[axis] > other[axis] : at[axis] < other[axis];
    if (!harsher || !grows_along(axis, of_retention(a))) return false;
  }
  return true;
}

// The rate of one measured point among the others. What failed at a milder one fails here too. A
// point without failures is a limit, which no limit or rate of a harsher one exceeds.
BerRange nested_ber(const Geometry& g, const std::vector<MeasuredPoint>& measured,
                    std::size_t index, const Partition* partition) {
  const MeasuredPoint& here = measured[index];
  BerRange most, limit = measured_ber(g, here, partition);
  if (here.fraction > 0) most = limit;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    if (i == index) continue;
    const bool milder = measured[i].fraction > 0 && as_harsh(here, measured[i]);
    const bool harsher = here.fraction == 0 && as_harsh(measured[i], here);
    if (!milder && !harsher) continue;
    const BerRange other = measured_ber(g, measured[i], partition);
    if (milder) {
      most = {std::max(most.low, other.low), std::max(most.mean, other.mean),
              std::max(most.high, other.high)};
    }
    if (harsher) limit = {0, std::min(limit.mean, other.mean), std::min(limit.high, other.high)};
  }
  if (here.fraction > 0) return most;
  return {most.low, std::max(most.mean, limit.mean), std::max(most.high, limit.high)};
}

}  // namespace

Conditions conditions_of(const MeasuredPoint& p) {
  return {p.at.vdd_volts, p.at.trcd_seconds, p.at.trp_seconds, p.refresh_seconds,
          p.temperature_celsius};
}

bool same(std::size_t axis, double a, double b) {
  constexpr double kRounding[kAxes] = {1e-6, 1e-13, 1e-13, 1e-9, 1e-6};
  return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) < kRounding[axis];
}

std::vector<Corner> corners_around(const std::vector<MeasuredPoint>& measured,
                                   const Conditions& wanted) {
  if (measured.empty()) return {};
  const bool retention = of_retention(measured.front());
  std::vector<Conditions> known;
  for (const MeasuredPoint& p : measured) known.push_back(conditions_of(p));
  // Axes along which errors grow have one grid whatever the others of them are: with the nearest
  // values on both sides, and all corners measured, no rate falls on the way to harsher settings.
  std::array<Bracket, kAxes> around;
  std::size_t corners = 1;
  std::vector<Conditions> level = known;
  for (const bool growing : {false, true}) {
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      if (grows_along(axis, retention) != growing) continue;
      const auto found = bracket(level, axis, wanted[axis]);
      if (!found) return {};
      around[axis] = *found;
      corners *= found->corners();
      if (growing) continue;
      level.erase(
          std::remove_if(level.begin(), level.end(),
                         [&](const Conditions& p) { return !found->share_of(axis, p[axis]); }),
          level.end());
    }
  }
  std::vector<Corner> result;
  for (std::size_t i = 0; i < known.size(); ++i) {
    double share = 1;
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      share *= around[axis].share_of(axis, known[i][axis]);
    }
    if (share > 0) result.push_back({i, share});
  }
  return result.size() == corners ? result : std::vector<Corner>{};
}

BerRange surface_ber(const Geometry& g, const std::vector<MeasuredPoint>& measured,
                     const std::vector<Corner>& corners, const Partition* partition) {
  if (corners.size() == 1) return nested_ber(g, measured, corners[0].index, partition);
  // Error rates fall by orders of magnitude over tens of millivolts, so it is their logarithm that
  // runs straight.
  BerRange sum{1, 0, 0};
  for (const Corner& c : corners) {
    const BerRange r = nested_ber(g, measured, c.index, partition);
    sum = {std::min(sum.low, r.low), sum.mean + c.share * std::log(r.mean),
           std::max(sum.high, r.high)};
  }
  return {sum.low, std::min(std::exp(sum.mean), sum.high), sum.high};
}

}  // namespace eden
