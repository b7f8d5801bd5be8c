#pragma once

#include <string>

namespace eden {

// How the energy of a component follows the supply voltage; the currents hold at their own voltage.
// All three agree there.
enum class VoltageLaw {
  kLinear,  // constant current: V
  kCv2,     // charged capacitance: V^2
  kArray,   // activate, precharge and refresh V^2; interface and periphery keep their energy
};

// "linear", "cv2" or "array"; throws std::invalid_argument for another name.
VoltageLaw voltage_law(const std::string& name);

// Energy at a supply voltage over energy at the voltage for which the currents hold.
struct LawFactors {
  double array = 1;      // activate, precharge, refresh
  double interface = 1;  // read, write, standby
};

LawFactors factors(VoltageLaw law, double volts_ratio);

}  // namespace eden
