#include "csrc/core/devices/operating_point.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <set>
#include <stdexcept>
#include <utility>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

using TimingPair = std::pair<double, double>;  // tRCD, tRP
using Wanted = std::optional<double>;

bool same_volts(double a, double b) { return same(kVdd, a, b); }
bool same_timing(const Settings& s, const TimingPair& pair) {
  return same(kTrcd, s.trcd_seconds, pair.first) && same(kTrp, s.trp_seconds, pair.second);
}

std::string show(double value, double unit, const char* name) {
  char text[48];
  std::snprintf(text, sizeof text, "%.6g %s", value / unit, name);
  return text;
}

std::string show(const TimingPair& pair) {
  return "tRCD " + show(pair.first, 1e-9, "ns") + ", tRP " + show(pair.second, 1e-9, "ns");
}

// "1.05 V to 1.35 V", or the one value; empty where the axis is not stated.
std::string range_of(const std::vector<MeasuredPoint>& points, std::size_t axis, const char* unit) {
  double low = INFINITY, high = -INFINITY;
  for (const MeasuredPoint& p : points) {
    low = std::min(low, conditions_of(p)[axis]);
    high = std::max(high, conditions_of(p)[axis]);
  }
  if (low > high) return "";
  return same(axis, low, high) ? show(low, 1, unit)
                               : show(low, 1, unit) + " to " + show(high, 1, unit);
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
    std::vector<MeasuredPoint> here;
    for (const MeasuredPoint& p : device.points) {
      if (same_timing(p.at, pair)) here.push_back(p);
    }
    text += separator + range_of(here, kVdd, "V") + " at " + show(pair);
    separator = ", ";
  }
  if (device.points.empty()) text += " neither voltage nor latencies";
  const std::string celsius = range_of(device.points, kTemperature, "C");
  if (!celsius.empty()) text += ", " + celsius;
  return text + "; nominal: " + show(device.nominal.vdd_volts, 1, "V") + " at " +
         show({device.nominal.trcd_seconds, device.nominal.trp_seconds});
}

std::string retention_range(const Device& device) {
  const std::string rated = "; rated: " + show(device.refresh_seconds, 1, "s");
  if (device.retention.empty()) return "its retention was not measured" + rated;
  return "retention measured: " + range_of(device.retention, kRefresh, "s") + " at " +
         range_of(device.retention, kVdd, "V") + ", " +
         range_of(device.retention, kTemperature, "C") + rated;
}

[[noreturn]] void refuse_several(const Device& device, double vdd,
                                 const std::vector<TimingPair>& found) {
  std::string timings;
  for (const TimingPair& pair : found) timings += (timings.empty() ? "" : "; ") + show(pair);
  refuse("", "number of timings of " + device.name + " at " + show(vdd, 1, "V"), found.size(),
         "trcd_seconds and trp_seconds of one of them: " + timings);
}

// Of these corners the point behind which least is known.
void mark(OperatingPoint& point, const std::vector<MeasuredPoint>& measured,
          const std::vector<Corner>& corners) {
  Quality quality = corners.size() > 1 ? Quality::kInterpolated : Quality::kMeasured;
  for (const Corner& c : corners) {
    const MeasuredPoint& p = measured[c.index];
    if (p.estimated) quality = std::max(quality, Quality::kEstimated);
    if (p.assumed) quality = Quality::kAssumed;
    point.censored = point.censored || p.fraction == 0;
  }
  // Nobody measured both at once: that they are independent is what stands for it.
  if (point.quality != Quality::kNominal) quality = std::max(quality, Quality::kEstimated);
  point.quality = std::max(point.quality, quality);
}

OperatingPoint nominal_point(const Device& device) {
  OperatingPoint point;
  point.at = device.nominal;
  point.refresh_seconds = device.refresh_seconds;
  return point;
}

void add_access(const Device& device, OperatingPoint& point, std::vector<Corner> corners) {
  mark(point, device.points, corners);
  point.access = std::move(corners);
}

void add_retention(const Device& device, OperatingPoint& point, double refresh_seconds,
                   std::vector<Corner> corners) {
  mark(point, device.retention, corners);
  point.refresh_seconds = refresh_seconds;
  point.refresh_stretch = refresh_seconds / device.refresh_seconds;
  point.retention = std::move(corners);
}

void note_temperature(OperatingPoint& point, double celsius) {
  if (!std::isnan(celsius)) point.temperature_celsius = celsius;
}

// The voltage and latencies wanted, where what was left out could be several; one at a time.
struct AccessPoint {
  Settings at;
  std::vector<Corner> corners;  // empty at the nominal point
};

std::optional<AccessPoint> find_access(const Device& device, double vdd, Wanted trcd, Wanted trp,
                                       double celsius) {
  const auto corners = [&](const TimingPair& pair) {
    return corners_around(device.points, {vdd, pair.first, pair.second, kNotStated, celsius});
  };
  const auto access = [&](const TimingPair& pair, std::vector<Corner> found) {
    // As the file has them, where they were measured.
    const Settings wanted{vdd, pair.first, pair.second};
    return AccessPoint{found.size() == 1 ? device.points[found[0].index].at : wanted,
                       std::move(found)};
  };
  // A latency that was left out is taken from the point at hand.
  const auto filled = [&](const Settings& s) {
    return TimingPair{trcd.value_or(s.trcd_seconds), trp.value_or(s.trp_seconds)};
  };
  if (same_volts(vdd, device.nominal.vdd_volts)) {
    const TimingPair pair = filled(device.nominal);
    if (same_timing(device.nominal, pair)) return AccessPoint{device.nominal, {}};
    auto found = corners(pair);
    if (!found.empty()) return access(pair, std::move(found));
  }
  // What was measured at this voltage answers before what lies between others.
  for (const bool measured : {true, false}) {
    std::vector<TimingPair> pairs;
    std::vector<Corner> last;
    for (const MeasuredPoint& p : device.points) {
      if (measured && !same_volts(p.at.vdd_volts, vdd)) continue;
      const TimingPair pair = filled(p.at);
      const bool known = std::any_of(pairs.begin(), pairs.end(), [&](const TimingPair& other) {
        return same_timing({vdd, other.first, other.second}, pair);
      });
      if (known) continue;
      auto found = corners(pair);
      if (found.empty()) continue;
      pairs.push_back(pair);
      last = std::move(found);
    }
    if (pairs.size() == 1) return access(pairs[0], std::move(last));
    if (pairs.size() > 1) refuse_several(device, vdd, pairs);
  }
  return std::nullopt;
}

std::set<double, std::greater<>> temperatures(const std::vector<MeasuredPoint>& points) {
  std::set<double, std::greater<>> found;
  for (const MeasuredPoint& p : points) {
    if (!std::isnan(p.temperature_celsius)) found.insert(p.temperature_celsius);
  }
  return found;
}

BerRange ber_at(const Device& device, const OperatingPoint& point, const Partition* partition) {
  const auto from = [&](const std::vector<MeasuredPoint>& measured,
                        const std::vector<Corner>& corners) {
    for (const Corner& c : corners) {
      if (c.index < measured.size()) continue;
      refuse("", "operating point", "one of another device", "those of " + device.name);
    }
    // Rated operation: the manufacturer's promise, not a measurement.
    return corners.empty() ? BerRange{}
                           : surface_ber(device.geometry, measured, corners, partition);
  };
  const BerRange a = from(device.points, point.access);
  const BerRange r = from(device.retention, point.retention);
  const auto either = [](double one, double other) { return one + (1 - one) * other; };
  return {either(a.low, r.low), either(a.mean, r.mean), either(a.high, r.high)};
}

bool hotter_known(const std::vector<MeasuredPoint>& points, const MeasuredPoint& here) {
  return std::any_of(points.begin(), points.end(), [&](const MeasuredPoint& p) {
    const Conditions a = conditions_of(p), b = conditions_of(here);
    for (const std::size_t axis : {kVdd, kTrcd, kTrp, kRefresh}) {
      if (!same(axis, a[axis], b[axis])) return false;
    }
    return p.temperature_celsius > here.temperature_celsius;
  });
}

std::vector<OperatingPoint> listed(const Device& device, bool all) {
  std::vector<OperatingPoint> points{nominal_point(device)};
  for (std::size_t i = 0; i < device.points.size(); ++i) {
    const MeasuredPoint& p = device.points[i];
    if (!all && hotter_known(device.points, p)) continue;
    points.push_back(nominal_point(device));
    add_access(device, points.back(), {{i, 1}});
    points.back().at = p.at;
    note_temperature(points.back(), p.temperature_celsius);
  }
  for (std::size_t i = 0; i < device.retention.size(); ++i) {
    const MeasuredPoint& p = device.retention[i];
    const bool rated = p.refresh_seconds <= device.refresh_seconds * (1 + 1e-6);
    const bool lowered = !same_volts(p.at.vdd_volts, device.nominal.vdd_volts);
    if (rated || (!all && (lowered || hotter_known(device.retention, p)))) continue;
    points.push_back(nominal_point(device));
    add_retention(device, points.back(), p.refresh_seconds, {{i, 1}});
    points.back().at.vdd_volts = p.at.vdd_volts;
    note_temperature(points.back(), p.temperature_celsius);
  }
  return points;
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
    case Quality::kInterpolated:
      return "interpolated";
    default:
      return "assumed";
  }
}

OperatingPoint operating_point(const Device& device, Wanted vdd_volts, Wanted trcd_seconds,
                               Wanted trp_seconds, Wanted temperature_celsius,
                               Wanted refresh_seconds) {
  const double vdd = vdd_volts.value_or(device.nominal.vdd_volts);
  const double refresh = refresh_seconds.value_or(device.refresh_seconds);
  const bool longer = !(std::abs(refresh / device.refresh_seconds - 1) < 1e-6);
  std::string got = show(vdd, 1, "V");
  if (trcd_seconds) got += ", tRCD " + show(*trcd_seconds, 1e-9, "ns");
  if (trp_seconds) got += ", tRP " + show(*trp_seconds, 1e-9, "ns");
  if (refresh_seconds) got += ", refresh " + show(*refresh_seconds, 1, "s");
  if (temperature_celsius) got += ", " + show(*temperature_celsius, 1, "C");
  const auto refuse = [&](const std::string& range) {
    throw std::invalid_argument("operating point " + got + " is outside the measurements of " +
                                device.name + "; " + range);
  };
  // The temperatures to try, hottest first, of whichever source was measured at one.
  const auto heat = temperatures(device.points), kept = temperatures(device.retention);
  std::set<double, std::greater<>> tried{heat};
  if (longer) tried.insert(kept.begin(), kept.end());
  if (temperature_celsius) tried = {*temperature_celsius};
  if (tried.empty()) tried = {kNotStated};
  bool reached = false;  // whether the voltage and latencies were found at any
  for (const double celsius : tried) {
    auto access =
        find_access(device, vdd, trcd_seconds, trp_seconds, heat.empty() ? kNotStated : celsius);
    // What retention lost at a lowered voltage and rated latencies holds whatever the voltage does.
    const bool rated =
        trcd_seconds && trp_seconds && same_timing(device.nominal, {*trcd_seconds, *trp_seconds});
    if (!access && longer && rated) {
      access = AccessPoint{{vdd, device.nominal.trcd_seconds, device.nominal.trp_seconds}, {}};
    }
    if (!access) continue;
    const bool lowered = !access->corners.empty();
    OperatingPoint point = nominal_point(device);
    if (lowered) add_access(device, point, access->corners);
    point.at = access->at;
    if (longer) {
      reached = true;
      auto corners =
          corners_around(device.retention, {vdd, kNotStated, kNotStated, refresh, celsius});
      if (corners.empty()) continue;
      add_retention(device, point, refresh, std::move(corners));
    } else if (temperature_celsius && !lowered) {
      // Rated, and within what a standard rates.
      reached = true;
      if (!(celsius >= kMinRatedCelsius && celsius <= kMaxRatedCelsius)) continue;
    } else if (temperature_celsius && heat.empty()) {
      refuse(measured_range(device) + "; at which temperature is not known");
    }
    const bool stated = temperature_celsius || longer || (lowered && !heat.empty());
    if (stated) note_temperature(point, celsius);
    return point;
  }
  if (!reached) refuse(measured_range(device));
  if (longer) refuse(retention_range(device));
  refuse("rated: " + show(kMinRatedCelsius, 1, "C") + " to " + show(kMaxRatedCelsius, 1, "C"));
  return {};
}

std::vector<OperatingPoint> known_points(const Device& device) { return listed(device, false); }

std::vector<OperatingPoint> measured_points(const Device& device) { return listed(device, true); }

BerRange module_ber(const Device& device, const OperatingPoint& point) {
  return ber_at(device, point, nullptr);
}

BerRange partition_ber(const Device& device, const OperatingPoint& point,
                       const Partition& partition) {
  const Geometry& g = device.geometry;
  const bool inside = partition.bank >= 0 && partition.bank < g.banks && partition.first_row >= 0 &&
                      partition.rows >= 1 &&
                      partition.rows <= g.rows_per_bank - partition.first_row;
  if (!inside) refuse("", "partition", "one of another device", "those of " + device.name);
  return ber_at(device, point, &partition);
}

BerRange retention_ber(const Device& device, const OperatingPoint& point) {
  OperatingPoint alone = point;
  alone.access.clear();
  return ber_at(device, alone, nullptr);
}

}  // namespace eden
