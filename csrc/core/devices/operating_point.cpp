#include "csrc/core/devices/operating_point.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <utility>

namespace eden {
namespace {

using TimingPair = std::pair<double, double>;  // tRCD, tRP

bool same_volts(double a, double b) { return std::abs(a - b) < 1e-6; }
bool same_seconds(double a, double b) { return std::abs(a - b) < 1e-13; }
bool same_timing(const Settings& s, const TimingPair& pair) {
  return same_seconds(s.trcd_seconds, pair.first) && same_seconds(s.trp_seconds, pair.second);
}

std::string show(double value, double unit, const char* name) {
  char text[48];
  std::snprintf(text, sizeof text, "%.6g %s", value / unit, name);
  return text;
}

std::string show(const TimingPair& pair) {
  return "tRCD " + show(pair.first, 1e-9, "ns") + ", tRP " + show(pair.second, 1e-9, "ns");
}

// "measured: 1.05 to 1.35 V at tRCD 10 ns, tRP 10 ns; nominal: ..."
std::string measured_range(const Device& device) {
  std::set<TimingPair> pairs;
  for (const MeasuredPoint& p : device.points) {
    pairs.insert({p.at.trcd_seconds, p.at.trp_seconds});
  }
  std::string text = "measured:";
  const char* separator = " ";
  for (const TimingPair& pair : pairs) {
    double low = INFINITY, high = -INFINITY;
    for (const MeasuredPoint& p : device.points) {
      if (!same_timing(p.at, pair)) continue;
      low = std::min(low, p.at.vdd_volts);
      high = std::max(high, p.at.vdd_volts);
    }
    text += separator;
    text +=
        same_volts(low, high) ? show(low, 1, "V") : show(low, 1, "V") + " to " + show(high, 1, "V");
    text += " at " + show(pair);
    separator = ", ";
  }
  return text + "; nominal: " + show(device.nominal.vdd_volts, 1, "V") + " at " +
         show({device.nominal.trcd_seconds, device.nominal.trp_seconds});
}

[[noreturn]] void refuse_several(const Device& device, double vdd,
                                 const std::vector<OperatingPoint>& found) {
  std::string timings;
  for (const OperatingPoint& point : found) {
    timings += (timings.empty() ? "" : "; ") + show({point.at.trcd_seconds, point.at.trp_seconds});
  }
  throw std::invalid_argument("operating point " + show(vdd, 1, "V") + " of " + device.name +
                              " has several timings; accepted, with trcd_seconds and "
                              "trp_seconds, one of: " +
                              timings);
}

OperatingPoint nominal_point(const Device& device) {
  return {device.nominal, Quality::kNominal, false, 0, 0, 0};
}

OperatingPoint at_point(const Device& device, std::size_t index) {
  const MeasuredPoint& p = device.points[index];
  const Quality quality = p.estimated ? Quality::kEstimated : Quality::kMeasured;
  return {p.at, quality, p.fraction == 0, index, index, 0};
}

// The point with one knob at `wanted` between two measured neighbours that agree in all others.
template <typename Knob, typename Others>
std::optional<OperatingPoint> between(const Device& device, double wanted, Knob knob,
                                      Others others) {
  std::optional<std::size_t> below, above;
  for (std::size_t i = 0; i < device.points.size(); ++i) {
    const Settings& s = device.points[i].at;
    if (!others(s)) continue;
    if (knob(s) < wanted && (!below || knob(s) > knob(device.points[*below].at))) below = i;
    if (knob(s) > wanted && (!above || knob(s) < knob(device.points[*above].at))) above = i;
  }
  if (!below || !above) return std::nullopt;
  const MeasuredPoint &a = device.points[*below], &b = device.points[*above];
  const double share = (wanted - knob(a.at)) / (knob(b.at) - knob(a.at));
  const bool censored = a.fraction == 0 || b.fraction == 0;
  return OperatingPoint{a.at, Quality::kInterpolated, censored, *below, *above, share};
}

std::optional<OperatingPoint> find(const Device& device, double vdd, const TimingPair& pair) {
  for (std::size_t i = 0; i < device.points.size(); ++i) {
    const Settings& s = device.points[i].at;
    if (same_volts(s.vdd_volts, vdd) && same_timing(s, pair)) return at_point(device, i);
  }
  auto by_volts = between(
      device, vdd, [](const Settings& s) { return s.vdd_volts; },
      [&](const Settings& s) { return same_timing(s, pair); });
  if (by_volts) {
    by_volts->at.vdd_volts = vdd;
    return by_volts;
  }
  auto by_trcd = between(
      device, pair.first, [](const Settings& s) { return s.trcd_seconds; },
      [&](const Settings& s) {
        return same_volts(s.vdd_volts, vdd) && same_seconds(s.trp_seconds, pair.second);
      });
  if (by_trcd) by_trcd->at.trcd_seconds = pair.first;
  return by_trcd;
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

// The rate of a part of the module that holds `part` of its cells and, relative to the mean,
// `share` of its failures.
BerRange measured_ber(const MeasuredPoint& p, double share, double part) {
  if (p.fraction == 0) {
    const double limit = 1 / p.cells_tested;
    return {0, limit, limit};
  }
  const double fraction = std::min(1.0, p.fraction * share);
  if (!p.by_lines) return {fraction, fraction, fraction};
  // Lines that all fail are censored like lines of which none does: independent bits are known to
  // fail so often that at most one line in those tested would be spared, not to fail always.
  const double lines = std::max(2.0, p.cells_tested * part / kLineBits);
  const BerRange spared = ber_of_lines(std::min(fraction, 1 - 1 / lines));
  return {spared.low, spared.mean, fraction};
}

double share_of(const Device& device, const MeasuredPoint& p, const Partition* partition) {
  if (partition == nullptr || p.weights.empty()) return 1;
  const auto& bank = p.weights[static_cast<std::size_t>(partition->bank)];
  return weight_of_rows(bank, device.geometry, partition->first_row, partition->rows) /
         mean_weight(p);
}

// Error rates fall by orders of magnitude over tens of millivolts, so it is their logarithm that
// runs straight between two points. A lower limit of 0 stays 0.
double mix(double below, double above, double share) {
  if (below == 0 || above == 0) return 0;
  return std::exp((1 - share) * std::log(below) + share * std::log(above));
}

BerRange ber_at(const Device& device, const OperatingPoint& point, const Partition* partition) {
  // Rated operation: the manufacturer's promise, not a measurement.
  if (point.quality == Quality::kNominal) return {0, 0, 0};
  if (std::max(point.below, point.above) >= device.points.size()) {
    throw std::invalid_argument("operating point of another device than " + device.name);
  }
  const MeasuredPoint &a = device.points[point.below], &b = device.points[point.above];
  const double part = partition == nullptr ? 1
                                           : static_cast<double>(partition->size_bytes()) /
                                                 static_cast<double>(device.geometry.size_bytes());
  const BerRange below = measured_ber(a, share_of(device, a, partition), part);
  if (point.below == point.above) return below;
  const BerRange above = measured_ber(b, share_of(device, b, partition), part);
  return {mix(below.low, above.low, point.share), mix(below.mean, above.mean, point.share),
          mix(below.high, above.high, point.share)};
}

}  // namespace

const char* name_of(Quality quality) {
  switch (quality) {
    case Quality::kNominal:
      return "nominal";
    case Quality::kMeasured:
      return "measured";
    case Quality::kEstimated:
      return "estimated";
    default:
      return "interpolated";
  }
}

OperatingPoint operating_point(const Device& device, std::optional<double> vdd_volts,
                               std::optional<double> trcd_seconds,
                               std::optional<double> trp_seconds) {
  const double vdd = vdd_volts.value_or(device.nominal.vdd_volts);
  // A latency that was left out is taken from the point at hand.
  const auto filled = [&](const Settings& s) {
    return TimingPair{trcd_seconds.value_or(s.trcd_seconds), trp_seconds.value_or(s.trp_seconds)};
  };
  if (same_volts(vdd, device.nominal.vdd_volts)) {
    const TimingPair pair = filled(device.nominal);
    if (same_timing(device.nominal, pair)) return nominal_point(device);
    if (const auto found = find(device, vdd, pair)) return *found;
  }
  // What was measured at this voltage answers before what lies between others.
  for (const bool measured : {true, false}) {
    std::vector<OperatingPoint> found;
    for (const MeasuredPoint& p : device.points) {
      if (measured && !same_volts(p.at.vdd_volts, vdd)) continue;
      const TimingPair pair = filled(p.at);
      const bool known = std::any_of(found.begin(), found.end(), [&](const OperatingPoint& other) {
        return same_timing(other.at, pair);
      });
      if (known) continue;
      if (const auto point = find(device, vdd, pair)) found.push_back(*point);
    }
    if (found.size() == 1) return found[0];
    if (found.size() > 1) refuse_several(device, vdd, found);
  }
  std::string got = show(vdd, 1, "V");
  if (trcd_seconds) got += ", tRCD " + show(*trcd_seconds, 1e-9, "ns");
  if (trp_seconds) got += ", tRP " + show(*trp_seconds, 1e-9, "ns");
  throw std::invalid_argument("operating point " + got + " is outside the measurements of " +
                              device.name + "; " + measured_range(device));
}

std::vector<OperatingPoint> known_points(const Device& device) {
  std::vector<OperatingPoint> points{nominal_point(device)};
  for (std::size_t i = 0; i < device.points.size(); ++i) points.push_back(at_point(device, i));
  return points;
}

BerRange module_ber(const Device& device, const OperatingPoint& point) {
  return ber_at(device, point, nullptr);
}

BerRange partition_ber(const Device& device, const OperatingPoint& point,
                       const Partition& partition) {
  const Geometry& g = device.geometry;
  const bool inside = partition.bank >= 0 && partition.bank < g.banks && partition.first_row >= 0 &&
                      partition.rows >= 1 &&
                      partition.rows <= g.rows_per_bank - partition.first_row;
  if (!inside) throw std::invalid_argument("partition of another device than " + device.name);
  return ber_at(device, point, &partition);
}

}  // namespace eden
