#include "csrc/core/energy/trace_energy.h"

#include <cmath>
#include <string>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

double at(int64_t clocks) { return static_cast<double>(clocks); }

// Ampere-clocks in a state that a description need not know the current of.
double resting(int64_t clocks, double amperes, const char* key, const Supply& s) {
  if (clocks == 0) return 0;
  if (amperes >= 0) return at(clocks) * amperes;
  refuse("", std::string(key) + " of supply " + s.name, "missing",
         "a memory that gives it, as the trace rests for " + std::to_string(clocks) + " clocks");
}

SupplyEnergy of_supply(const Memory& m, const Supply& s, const TraceCounts& n, double ratio,
                       const VoltageLaws& laws) {
  const double joules = s.volts * m.clock_seconds;  // of one ampere for one clock
  const double burst = at(m.clocks_of("BL")), rfc = at(m.clocks_of("tRFC"));
  const double array = joules * laws.array.factor(ratio);
  const double column = joules * laws.column.factor(ratio);
  const double standby = joules * laws.background.factor(ratio);
  const double refresh = joules * laws.refresh.factor(ratio);
  const double refreshes =
      at(n.refreshes) + at(n.bank_refreshes) / at(m.organisation.banks_per_rank());
  const int64_t ras = m.clocks_of("tRAS");
  SupplyEnergy e;
  e.core.activate = array * at(n.activates) * at(ras) * (s.idd0 - s.idd3n);
  e.core.precharge = array * at(n.precharges) * at(m.clocks_of("tRC") - ras) * (s.idd0 - s.idd2n);
  e.core.read = column * at(n.reads) * burst * (s.idd4r - s.idd3n);
  e.core.write = column * at(n.writes) * burst * (s.idd4w - s.idd3n);
  e.core.refresh = refresh * refreshes * rfc * (s.idd5 - s.idd3n);
  e.core.background_active = standby * at(n.active_cycles) * s.idd3n;
  e.core.background_precharged = standby * at(n.precharged_cycles) * s.idd2n;
  e.power_down = standby * (resting(n.active_fast_cycles, s.idd3p_fast, "IDD3P1", s) +
                            resting(n.active_slow_cycles, s.idd3p_slow, "IDD3P0", s) +
                            resting(n.precharged_fast_cycles, s.idd2p_fast, "IDD2P1", s) +
                            resting(n.precharged_slow_cycles, s.idd2p_slow, "IDD2P0", s));
  // The refresh that self-refresh begins with: what it adds, and the standby under it.
  const double entry = at(n.entry_active_cycles) + at(n.entry_precharged_cycles);
  const double exit = at(n.exit_active_cycles) + at(n.exit_precharged_cycles);
  e.self_refresh =
      refresh * (entry + exit) * (s.idd5 - s.idd3n) +
      standby * (resting(n.self_refresh_cycles, s.idd6, "IDD6", s) +
                 resting(n.entry_active_cycles, s.idd3p_slow, "IDD3P0", s) +
                 resting(n.entry_precharged_cycles, s.idd2p_slow, "IDD2P0", s) +
                 at(n.exit_active_cycles) * s.idd3n + at(n.exit_precharged_cycles) * s.idd2n);
  return e;
}

double ratio_of(const Memory& m, double vdd_volts) {
  if (vdd_volts == 0) return 1;
  check_number("", "vdd_volts", vdd_volts, kMinVolts, kMaxVolts);
  return vdd_volts / m.main.volts;
}

}  // namespace

double ComponentLaw::factor(double ratio) const {
  return (1 - share) + share * std::pow(ratio, power);
}

VoltageLaws voltage_laws(const std::string& preset) {
  const ComponentLaw linear{1, 1}, square{1, 2}, constant{0, 1};
  switch (voltage_law(preset)) {
    case VoltageLaw::kLinear:
      return {linear, linear, linear, linear, linear};
    case VoltageLaw::kCv2:
      return {square, square, square, square, square};
    case VoltageLaw::kArray:
      break;
  }
  return {square, constant, constant, square, constant};
}

TraceEnergy trace_energy(const Memory& m, const TraceCounts& n, double vdd_volts,
                         const VoltageLaws& laws) {
  const double ratio = ratio_of(m, vdd_volts);
  TraceEnergy e;
  e.main = of_supply(m, m.main, n, ratio, laws);
  if (m.second) e.second = of_supply(m, *m.second, n, 1, laws);
  if (m.interface) {
    const double burst = at(m.clocks_of("BL")) * m.clock_seconds * laws.interface.factor(ratio);
    const Interface& i = *m.interface;
    e.read_interface = at(n.reads) * at(i.read_pins) * burst * i.read_watts_per_pin;
    e.write_termination = at(n.writes) * at(i.write_pins) * burst * i.write_watts_per_pin;
  }
  return e;
}

DramEnergy bank_energy(const Memory& m, const BankCounts& n, double vdd_volts,
                       const VoltageLaws& laws) {
  TraceCounts of;
  of.activates = n.activates;
  of.precharges = n.precharges;
  of.reads = n.reads;
  of.writes = n.writes;
  const TraceEnergy e = trace_energy(m, of, vdd_volts, laws);
  DramEnergy sum = e.main.core;
  sum.add(1, e.second.core);
  return sum;
}

}  // namespace eden
