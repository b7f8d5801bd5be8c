#pragma once

#include <optional>
#include <vector>

#include "csrc/core/devices/device.h"
#include "csrc/core/devices/line_ber.h"
#include "csrc/core/devices/surface.h"

namespace eden {

// In the order of how little is known: of two sources of errors the later one holds for both.
enum class Quality { kNominal, kMeasured, kEstimated, kInterpolated, kAssumed };

const char* name_of(Quality quality);

// A setting of one device and where its error rates come from: the measured points around it, of
// its voltage and latencies and of its refresh interval. A source without errors has none.
struct OperatingPoint {
  Settings at;
  double refresh_seconds = 0;
  double refresh_stretch = 1;                 // refresh interval over the rated one
  std::optional<double> temperature_celsius;  // where a source of errors was measured at one
  Quality quality = Quality::kNominal;
  bool censored = false;  // rates are upper limits: nothing failed at one of the points behind it
  std::vector<Corner> access;     // of device.points
  std::vector<Corner> retention;  // of device.retention
};

// The point at the wanted settings. Left out: the voltage and the refresh interval are the rated
// ones; a latency the nominal one at nominal voltage, elsewhere that of the points measured at this
// voltage, or else of those on both sides of it; the temperature is the hottest one measured.
// Throws std::invalid_argument outside the measurements, naming the measured range, and where what
// was left out could be more than one timing, naming them.
OperatingPoint operating_point(const Device& device, std::optional<double> vdd_volts,
                               std::optional<double> trcd_seconds,
                               std::optional<double> trp_seconds,
                               std::optional<double> temperature_celsius = {},
                               std::optional<double> refresh_seconds = {});

// The nominal point, then every measured one as described, at the hottest temperature: what a
// placement may use, since no knob sets the temperature. Retention at rated voltage alone.
std::vector<OperatingPoint> known_points(const Device& device);

// Every measured point, at each of its temperatures, with retention at each of its voltages and
// intervals but the rated one.
std::vector<OperatingPoint> measured_points(const Device& device);

// Mean error rate of the whole module: of its sources of errors, as independent. Throws
// std::invalid_argument for a point of another device that this one does not hold.
BerRange module_ber(const Device& device, const OperatingPoint& point);

// Error rate of one partition: the module's fraction of failures shared out by the weights. Throws
// likewise, and for rows outside the module.
BerRange partition_ber(const Device& device, const OperatingPoint& point,
                       const Partition& partition);

// Of the module by its longer refresh interval alone.
BerRange retention_ber(const Device& device, const OperatingPoint& point);

}  // namespace eden
