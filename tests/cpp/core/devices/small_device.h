#pragma once

#include <nlohmann/json.hpp>

// A device small enough to work out by hand: 2 banks of 4 rows of 256 bytes, subarrays of 2 rows,
// measured at 1.0, 1.1 and 1.2 V; rated 1.35 V.
inline nlohmann::json small_device() {
  return nlohmann::json::parse(R"({
    "name": "small",
    "geometry": {"chips": 8, "chip_width_bits": 8, "banks": 2, "rows_per_bank": 4,
                 "rows_per_subarray": 2, "row_bytes": 256, "line_bytes": 64},
    "timing": {"clock_seconds": 1.25e-9, "burst_clocks": 4, "tras_seconds": 35e-9,
               "trc_seconds": 48.75e-9, "trfc_seconds": 160e-9, "trefi_seconds": 7.8e-6},
    "currents": {"vdd_volts": 1.35, "idd0_amperes": 0.07, "idd2n_amperes": 0.043,
                 "idd3n_amperes": 0.055, "idd4r_amperes": 0.155, "idd4w_amperes": 0.145,
                 "idd5_amperes": 0.19},
    "granularity": {"vdd": "module", "trcd": "bank", "trp": "bank"},
    "nominal": {"vdd_volts": 1.35, "trcd_seconds": 13.75e-9, "trp_seconds": 13.75e-9},
    "points": [
      {"vdd_volts": 1.0, "trcd_seconds": 10e-9, "trp_seconds": 10e-9, "line_fraction": 0.2,
       "cells_tested": 1e6, "weights": [[0.1, 0.3], [0.2, 0.2]]},
      {"vdd_volts": 1.1, "trcd_seconds": 10e-9, "trp_seconds": 10e-9, "line_fraction": 0.001,
       "cells_tested": 1e6, "weights": [[3], [1]]},
      {"vdd_volts": 1.2, "trcd_seconds": 10e-9, "trp_seconds": 10e-9, "line_fraction": 0,
       "cells_tested": 1e6}
    ]
  })");
}
