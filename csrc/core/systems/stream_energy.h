#pragma once

#include <vector>

#include "csrc/core/energy/energy.h"
#include "csrc/core/systems/streaming.h"

namespace eden {

// Of the whole rank: every command goes to all of its chips.
struct StreamEnergy {
  std::vector<DramEnergy> joules;  // [laws]
  std::vector<double> interface;   // [laws], of pins and termination
  double seconds = 0;
};

// Transfers made one after another. Throws std::invalid_argument for one outside the module or a
// point that cannot be.
StreamEnergy stream_energy(Streams* streams, const std::vector<Transfer>& transfers,
                           const std::vector<VoltageLaw>& laws);

// Waiting with all rows closed.
StreamEnergy idle_energy(const Streams& streams, double seconds, double vdd_volts,
                         double refresh_stretch, const std::vector<VoltageLaw>& laws);

// What a transfer takes from an operating point.
struct TransferPoint {
  Settings at;
  double refresh_stretch = 1;
};

// Joules of each access made so many times, by itself, at each point: [accesses][points].
std::vector<std::vector<double>> joules_by_point(Streams* streams,
                                                 const std::vector<StreamAccess>& accesses,
                                                 const std::vector<double>& times,  // [accesses]
                                                 const std::vector<TransferPoint>& points,
                                                 VoltageLaw law);

}  // namespace eden
