#pragma once

#include "csrc/core/counts/command_counts.h"
#include "csrc/core/devices/currents.h"
#include "csrc/core/devices/timing.h"
#include "csrc/core/energy/voltage_law.h"
#include "csrc/core/fields/fields.h"

namespace eden {

// Joules by component.
struct DramEnergy {
  double activate = 0;
  double precharge = 0;
  double read = 0;
  double write = 0;
  double refresh = 0;
  double background_active = 0;
  double background_precharged = 0;

  double total() const;
  // Adds the energy of `times` times as much.
  void add(double times, const DramEnergy& other);
};

template <>
struct FieldsOf<DramEnergy> {
  static constexpr Field<DramEnergy> list[] = {
      {"activate", &DramEnergy::activate},
      {"precharge", &DramEnergy::precharge},
      {"read", &DramEnergy::read},
      {"write", &DramEnergy::write},
      {"refresh", &DramEnergy::refresh},
      {"background_active", &DramEnergy::background_active},
      {"background_precharged", &DramEnergy::background_precharged},
  };
};

// Energy of one chip by the equations of DRAMPower 4.0 (Chandrasekar et al., www.drampower.info).
// The charge a command moves is the datasheet's (I x t at nominal timing): a lowered tRCD or tRP
// shortens the time, which the cycle counts carry, and does not make a command cheaper.
// Throws std::invalid_argument for counts, currents, timings or a voltage that cannot be.
DramEnergy dram_energy(const CommandCounts& counts, const Currents& currents, const Timing& timing,
                       double vdd_volts, VoltageLaw law);

}  // namespace eden
