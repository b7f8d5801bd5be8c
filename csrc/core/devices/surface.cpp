#include "csrc/core/devices/surface.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace eden {
namespace {

// How far along from `low` to `high`: retention follows powers of the interval.
double way(std::size_t axis, double low, double wanted, double high) {
  if (axis == kRefresh) return std::log(wanted / low) / std::log(high / low);
  return (wanted - low) / (high - low);
}

using Points = std::vector<std::size_t>;

class Search {
 public:
  Search(const std::vector<MeasuredPoint>& measured, const Place& wanted) : wanted_(wanted) {
    for (const MeasuredPoint& p : measured) places_.push_back(place_of(p));
  }

  // The corners among `points`, which agree with what is wanted on the axes before this one.
  std::vector<Corner> among(const Points& points, std::size_t axis) const {
    if (axis == kAxes) return {{points.front(), 1}};
    const double wanted = wanted_[axis];
    std::vector<Corner> corners = at(points, axis, wanted);
    if (!corners.empty()) return corners;
    std::vector<double> below, above;
    for (std::size_t i : points) {
      if (places_[i][axis] < wanted) below.push_back(places_[i][axis]);
      if (places_[i][axis] > wanted) above.push_back(places_[i][axis]);
    }
    std::sort(below.begin(), below.end(), std::greater<>());
    std::sort(above.begin(), above.end());
    double low = 0, high = 0;
    const std::vector<Corner> down = nearest(points, axis, below, low);
    const std::vector<Corner> up = nearest(points, axis, above, high);
    if (down.empty() || up.empty()) return {};
    const double share = way(axis, low, wanted, high);
    for (const Corner& c : down) corners.push_back({c.index, c.share * (1 - share)});
    for (const Corner& c : up) corners.push_back({c.index, c.share * share});
    return corners;
  }

 private:
  std::vector<Corner> at(const Points& points, std::size_t axis, double value) const {
    Points here;
    for (std::size_t i : points) {
      if (same(axis, places_[i][axis], value)) here.push_back(i);
    }
    return here.empty() ? std::vector<Corner>{} : among(here, axis + 1);
  }

  // Of these values, in order of their distance, the first that has corners on the other axes.
  std::vector<Corner> nearest(const Points& points, std::size_t axis,
                              const std::vector<double>& values, double& found) const {
    for (double value : values) {
      std::vector<Corner> corners = at(points, axis, value);
      found = value;
      if (!corners.empty()) return corners;
    }
    return {};
  }

  const Place& wanted_;
  std::vector<Place> places_;
};

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
  if (p.fraction == 0) {
    const double limit = 1 / p.cells_tested;
    return {0, limit, limit};
  }
  const double share = share_of(g, p, partition);
  const double low = std::min(1.0, p.fraction_low * share);
  const double fraction = std::min(1.0, p.fraction * share);
  const double high = std::min(1.0, p.fraction_high * share);
  if (!p.by_lines) return {low, fraction, high};
  const double part = partition == nullptr ? 1
                                           : static_cast<double>(partition->size_bytes()) /
                                                 static_cast<double>(g.size_bytes());
  // Lines that all fail are censored like lines of which none does: independent bits are known to
  // fail so often that at most one line in those tested would be spared, not to fail always.
  const double lines = std::max(2.0, p.cells_tested * part / kLineBits);
  const double spared = 1 - 1 / lines;
  return {ber_of_lines(std::min(low, spared)).low, ber_of_lines(std::min(fraction, spared)).mean,
          high};
}

// Whether errors at `a` are known to be at least as many as at `b`.
bool as_harsh(const MeasuredPoint& a, const MeasuredPoint& b) {
  const bool retention = !std::isnan(a.refresh_seconds);
  const Place at = place_of(a), other = place_of(b);
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    if (same(axis, at[axis], other[axis])) continue;
    const bool grows = axis == kRefresh || (axis == kTemperature && retention);
    const bool falls = axis == kTrcd || axis == kTrp || (axis == kVdd && !retention);
    if (grows && at[axis] > other[axis]) continue;
    if (falls && at[axis] < other[axis]) continue;
    return false;
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

Place place_of(const MeasuredPoint& p) {
  return {p.at.vdd_volts, p.at.trcd_seconds, p.at.trp_seconds, p.refresh_seconds,
          p.temperature_celsius};
}

bool same(std::size_t axis, double a, double b) {
  constexpr double kRounding[kAxes] = {1e-6, 1e-13, 1e-13, 1e-9, 1e-6};
  return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) < kRounding[axis];
}

std::vector<Corner> corners_around(const std::vector<MeasuredPoint>& measured,
                                   const Place& wanted) {
  if (measured.empty()) return {};
  Points all(measured.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return Search(measured, wanted).among(all, 0);
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
