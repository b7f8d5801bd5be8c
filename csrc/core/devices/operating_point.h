#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "csrc/core/devices/device.h"
#include "csrc/core/devices/line_ber.h"

namespace eden {

enum class Quality { kNominal, kMeasured, kEstimated, kInterpolated };

const char* name_of(Quality quality);

// A setting of one device and where its error rates come from: between device.points[below] and
// device.points[above] at `share` of the way (both the same point, unless interpolated).
struct OperatingPoint {
  Settings at;
  Quality quality = Quality::kNominal;
  bool censored = false;  // rates are upper limits: nothing failed at one of the points behind it
  std::size_t below = 0;
  std::size_t above = 0;
  double share = 0;
};

// The point at the wanted settings. Left out: the voltage is the nominal one; a latency the nominal
// one at nominal voltage, elsewhere that of the points measured at this voltage, or else of those
// on both sides of it. Throws std::invalid_argument outside the measurements, naming the measured
// range, and where what was left out could be more than one timing, naming them.
OperatingPoint operating_point(const Device& device, std::optional<double> vdd_volts,
                               std::optional<double> trcd_seconds,
                               std::optional<double> trp_seconds);

// The nominal point, then every measured one as described.
std::vector<OperatingPoint> known_points(const Device& device);

// Mean error rate of the whole module. Throws std::invalid_argument for a point of another device
// that this one does not hold.
BerRange module_ber(const Device& device, const OperatingPoint& point);

// Error rate of one partition: the module's fraction of failures shared out by the weights. Throws
// likewise, and for rows outside the module.
BerRange partition_ber(const Device& device, const OperatingPoint& point,
                       const Partition& partition);

}  // namespace eden
