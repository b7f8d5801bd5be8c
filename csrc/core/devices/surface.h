#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "csrc/core/devices/device.h"
#include "csrc/core/devices/line_ber.h"

namespace eden {

enum Axis : std::size_t { kVdd, kTrcd, kTrp, kRefresh, kTemperature, kAxes };

// A value an axis; kNotStated where the measurements have no such axis.
using Conditions = std::array<double, kAxes>;

Conditions conditions_of(const MeasuredPoint& point);

// Values of an axis that differ by rounding alone; two that are not stated are the same.
bool same(std::size_t axis, double a, double b);

// A measured point, and how much of its logarithm a rate takes.
struct Corner {
  std::size_t index = 0;
  double share = 1;
};

// The measured points around conditions: the one there, or the nearest on both sides of it along
// each axis that lies between. Empty where it is outside the measurements.
std::vector<Corner> corners_around(const std::vector<MeasuredPoint>& measured,
                                   const Conditions& wanted);

// The rate there, of the module or of a partition (not null), at most one in each direction in
// which errors grow: a cell that is weak at a milder setting is weak at a harsher one. Errors grow
// as voltage and latencies fall, with the refresh interval, and with the temperature where they are
// of retention; along other axes a measurement stands alone. Log BER runs straight between points;
// the range is what the points around leave open.
BerRange surface_ber(const Geometry& geometry, const std::vector<MeasuredPoint>& measured,
                     const std::vector<Corner>& corners, const Partition* partition);

}  // namespace eden
