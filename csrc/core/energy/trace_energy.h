#pragma once

#include <string>
#include <vector>

#include "csrc/core/counts/trace_counts.h"
#include "csrc/core/energy/energy.h"
#include "csrc/core/timing/memory.h"

namespace eden {

// How the energy of one component follows the voltage: E(V) = E(V0) ((1 - f) + f (V / V0)^n).
struct ComponentLaw {
  double share = 1;  // f
  double power = 1;  // n

  double factor(double volts_ratio) const;
};

// One law a component. Command energies of the array, of the column path, standby with power-down
// and self-refresh, refresh, and the pins.
struct VoltageLaws {
  ComponentLaw array;
  ComponentLaw column;
  ComponentLaw background;
  ComponentLaw refresh;
  ComponentLaw interface;
};

// The presets "linear", "cv2" and "array", as `VoltageLaw` has them.
VoltageLaws voltage_laws(const std::string& preset);

// Joules of one chip on one supply.
struct SupplyEnergy {
  DramEnergy core;
  double power_down = 0;
  double self_refresh = 0;

  double total() const { return core.total() + power_down + self_refresh; }
};

// Joules of one chip.
struct TraceEnergy {
  SupplyEnergy main;
  SupplyEnergy second;  // zero for a memory with one supply
  double read_interface = 0;
  double write_termination = 0;

  double total() const {
    return main.total() + second.total() + read_interface + write_termination;
  }
};

// Energy of one chip of a rank by the equations of DRAMPower 4.0 (Chandrasekar et al.,
// www.drampower.info), on each supply. `vdd_volts` is that of the main one, the second keeps its
// own; 0 stands for the voltage at which the currents hold. A refresh of one bank moves the charge
// of its share of a refresh of all.
TraceEnergy trace_energy(const Memory& memory, const TraceCounts& counts, double vdd_volts,
                         const VoltageLaws& laws);

// Joules of one bank's own commands in one chip: activate, precharge, read, write, on all supplies.
DramEnergy bank_energy(const Memory& memory, const BankCounts& counts, double vdd_volts,
                       const VoltageLaws& laws);

}  // namespace eden
