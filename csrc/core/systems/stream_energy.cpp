#include "csrc/core/systems/stream_energy.h"

#include <stdexcept>

namespace eden {

StreamEnergy stream_energy(const Device& d, const std::vector<Transfer>& transfers,
                           const std::vector<VoltageLaw>& laws) {
  const std::vector<CommandCounts> counts = stream(d.geometry, d.timing, transfers);
  StreamEnergy sum;
  sum.joules.resize(laws.size());
  double cycles = 0;
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    const Transfer& t = transfers[i];
    const double chips = t.times * static_cast<double>(d.geometry.chips);
    for (std::size_t law = 0; law < laws.size(); ++law) {
      sum.joules[law].add(chips,
                          dram_energy(counts[i], d.currents, d.timing, t.at.vdd_volts, laws[law]));
    }
    cycles += t.times * (counts[i].active_cycles + counts[i].precharged_cycles);
  }
  sum.seconds = cycles * d.timing.clock_seconds;
  return sum;
}

std::vector<std::vector<double>> joules_by_point(const Device& d,
                                                 const std::vector<StreamAccess>& accesses,
                                                 const std::vector<double>& times,
                                                 const std::vector<TransferPoint>& points,
                                                 VoltageLaw law) {
  if (times.size() != accesses.size()) {
    throw std::invalid_argument("streaming: " + std::to_string(times.size()) + " times for " +
                                std::to_string(accesses.size()) + " accesses; accepted: one each");
  }
  std::vector<std::vector<double>> joules(accesses.size());
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    for (const TransferPoint& p : points) {
      const StreamEnergy alone =
          stream_energy(d, {{accesses[i], p.at, times[i], p.refresh_stretch}}, {law});
      joules[i].push_back(alone.joules[0].total());
    }
  }
  return joules;
}

}  // namespace eden
