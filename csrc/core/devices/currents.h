#pragma once

#include <string_view>

#include "csrc/core/fields/fields.h"

namespace eden {

// Supply currents of one chip in amperes, and the voltage at which they hold.
struct Currents {
  double vdd_volts = 0;
  double idd0 = 0;
  double idd2n = 0;
  double idd3n = 0;
  double idd4r = 0;
  double idd4w = 0;
  double idd5 = 0;
  bool assumed = false;  // not from the datasheet of this part at this voltage
};

// As for the timings: any DRAM ever sold, and no number in the wrong unit.
constexpr double kMinVolts = 0.1, kMaxVolts = 5;
constexpr double kMaxAmperes = 10;

template <>
struct FieldsOf<Currents> {
  static constexpr Field<Currents> list[] = {
      {"vdd_volts", &Currents::vdd_volts, kMinVolts, kMaxVolts},
      {"idd0_amperes", &Currents::idd0, 0, kMaxAmperes},
      {"idd2n_amperes", &Currents::idd2n, 0, kMaxAmperes},
      {"idd3n_amperes", &Currents::idd3n, 0, kMaxAmperes},
      {"idd4r_amperes", &Currents::idd4r, 0, kMaxAmperes},
      {"idd4w_amperes", &Currents::idd4w, 0, kMaxAmperes},
      {"idd5_amperes", &Currents::idd5, 0, kMaxAmperes},
      {"assumed", &Currents::assumed},
  };
};

// Throws std::invalid_argument for currents that no chip draws.
void check(const Currents& currents, std::string_view where = "Currents: ");

}  // namespace eden
