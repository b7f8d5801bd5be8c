#include "csrc/core/systems/stream_energy.h"

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

// Adds so many times some counts at a voltage.
void charge(const Streams& streams, const CommandCounts& n, double times, double vdd_volts,
            const std::vector<VoltageLaw>& laws, StreamEnergy* sum) {
  const Device& d = streams.device();
  const double chips = times * static_cast<double>(d.geometry.chips);
  for (std::size_t i = 0; i < laws.size(); ++i) {
    sum->joules[i].add(chips, dram_energy(n, d.currents, d.timing, vdd_volts, laws[i]));
    if (!streams.interface()) continue;
    const Interface& pins = *streams.interface();
    const double watts = n.reads * static_cast<double>(pins.read_pins) * pins.read_watts_per_pin +
                         n.writes * static_cast<double>(pins.write_pins) * pins.write_watts_per_pin;
    const double burst = static_cast<double>(d.timing.burst_clocks) * d.timing.clock_seconds;
    sum->interface[i] +=
        chips * watts * burst * factors(laws[i], vdd_volts / d.currents.vdd_volts).interface;
  }
  sum->seconds += times * (n.active_cycles + n.precharged_cycles) * d.timing.clock_seconds;
}

StreamEnergy nothing(std::size_t laws) {
  return {std::vector<DramEnergy>(laws), std::vector<double>(laws), 0};
}

}  // namespace

StreamEnergy stream_energy(Streams* streams, const std::vector<Transfer>& transfers,
                           const std::vector<VoltageLaw>& laws) {
  StreamEnergy sum = nothing(laws.size());
  OpenRows open;
  for (const Transfer& t : transfers) {
    charge(*streams, streams->counts(t, &open), t.times, t.at.vdd_volts, laws, &sum);
  }
  return sum;
}

StreamEnergy idle_energy(const Streams& streams, double seconds, double vdd_volts,
                         double refresh_stretch, const std::vector<VoltageLaw>& laws) {
  StreamEnergy sum = nothing(laws.size());
  charge(streams, streams.idle(seconds, refresh_stretch), 1, vdd_volts, laws, &sum);
  return sum;
}

std::vector<std::vector<double>> joules_by_point(Streams* streams,
                                                 const std::vector<StreamAccess>& accesses,
                                                 const std::vector<double>& times,
                                                 const std::vector<TransferPoint>& points,
                                                 VoltageLaw law) {
  if (times.size() != accesses.size()) {
    refuse("streaming: ", "number of times", times.size(),
           "one for each of the " + std::to_string(accesses.size()) + " accesses");
  }
  std::vector<std::vector<double>> joules(accesses.size());
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    for (const TransferPoint& p : points) {
      const StreamEnergy alone =
          stream_energy(streams, {{accesses[i], p.at, times[i], p.refresh_stretch}}, {law});
      joules[i].push_back(alone.joules[0].total() + alone.interface[0]);
    }
  }
  return joules;
}

}  // namespace eden
