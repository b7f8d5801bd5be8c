#pragma once

#include <string>

#include "csrc/core/device.h"

namespace eden {

// Commands of a stretch of time and its cycles, as one chip sees them. Doubles: a short stretch
// holds a fraction of a refresh on average.
struct CommandCounts {
  double activates = 0;
  double precharges = 0;
  double reads = 0;
  double writes = 0;
  double refreshes = 0;
  double active_cycles = 0;      // at least one bank open
  double precharged_cycles = 0;  // all banks closed
};

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
};

DramEnergy operator+(const DramEnergy& a, const DramEnergy& b);
DramEnergy operator*(double factor, const DramEnergy& e);

// How the energy of a component follows the supply voltage; the currents hold at their own voltage.
// All three agree there.
enum class VoltageLaw {
  kLinear,  // constant current: V
  kCv2,     // charged capacitance: V^2
  kArray,   // activate, precharge and refresh V^2; interface and periphery keep their energy
};

// "linear", "cv2" or "array"; throws std::invalid_argument for another name.
VoltageLaw voltage_law(const std::string& name);

// Energy of one chip by the equations of DRAMPower 4.0 (Chandrasekar et al., www.drampower.info).
// The charge a command moves is the datasheet's (I x t at nominal timing): a lowered tRCD or tRP
// shortens the time, which the cycle counts carry, and does not make a command cheaper.
DramEnergy dram_energy(const CommandCounts& counts, const Currents& currents, const Timing& timing,
                       double vdd_volts, VoltageLaw law);

}  // namespace eden
