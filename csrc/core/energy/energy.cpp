#include "csrc/core/energy/energy.h"

namespace eden {
namespace {

double activate(const CommandCounts& n, const Currents& i, const Timing& t) {
  return n.activates * t.tras_seconds * (i.idd0 - i.idd3n);
}

double precharge(const CommandCounts& n, const Currents& i, const Timing& t) {
  return n.precharges * (t.trc_seconds - t.tras_seconds) * (i.idd0 - i.idd2n);
}

double burst_seconds(const Timing& t) {
  return static_cast<double>(t.burst_clocks) * t.clock_seconds;
}

double read(const CommandCounts& n, const Currents& i, const Timing& t) {
  return n.reads * burst_seconds(t) * (i.idd4r - i.idd3n);
}

double write(const CommandCounts& n, const Currents& i, const Timing& t) {
  return n.writes * burst_seconds(t) * (i.idd4w - i.idd3n);
}

double refresh(const CommandCounts& n, const Currents& i, const Timing& t) {
  return n.refreshes * t.trfc_seconds * (i.idd5 - i.idd3n);
}

}  // namespace

double DramEnergy::total() const {
  double sum = 0;
  for (const auto& f : FieldsOf<DramEnergy>::list) sum += this->*std::get<0>(f.member);
  return sum;
}

void DramEnergy::add(double times, const DramEnergy& other) {
  for (const auto& f : FieldsOf<DramEnergy>::list) {
    const auto component = std::get<0>(f.member);
    this->*component += times * (other.*component);
  }
}

DramEnergy dram_energy(const CommandCounts& n, const Currents& i, const Timing& t, double vdd_volts,
                       VoltageLaw law) {
  check(n);
  check(i);
  check(t);
  check_number("", "vdd_volts", vdd_volts, kMinVolts, kMaxVolts);
  const LawFactors by = factors(law, vdd_volts / i.vdd_volts);
  const double array_volts = i.vdd_volts * by.array, rest_volts = i.vdd_volts * by.interface;
  DramEnergy e;
  e.activate = array_volts * activate(n, i, t);
  e.precharge = array_volts * precharge(n, i, t);
  e.refresh = array_volts * refresh(n, i, t);
  e.read = rest_volts * read(n, i, t);
  e.write = rest_volts * write(n, i, t);
  e.background_active = rest_volts * n.active_cycles * t.clock_seconds * i.idd3n;
  e.background_precharged = rest_volts * n.precharged_cycles * t.clock_seconds * i.idd2n;
  return e;
}

}  // namespace eden
