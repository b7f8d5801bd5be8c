#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "csrc/core/line_ber.h"

namespace eden {

// What one module (a rank of equal chips that answer together) is made of. A row is the row of the
// whole rank: 8192 bytes for eight x8 chips of 1 KiB pages.
struct Geometry {
  int64_t chips = 0;
  int64_t chip_width_bits = 0;
  int64_t banks = 0;
  int64_t rows_per_bank = 0;
  int64_t rows_per_subarray = 0;
  int64_t row_bytes = 0;
  int64_t line_bytes = 0;  // moved by one read or write burst

  int64_t subarrays_per_bank() const { return rows_per_bank / rows_per_subarray; }
  int64_t bank_bytes() const { return rows_per_bank * row_bytes; }
  int64_t size_bytes() const { return banks * bank_bytes(); }
};

// Datasheet timings that no operating point changes (tRCD and tRP belong to the point).
struct Timing {
  double clock_seconds = 0;
  int64_t burst_clocks = 0;
  double tras_seconds = 0;
  double trc_seconds = 0;
  double trfc_seconds = 0;
  double trefi_seconds = 0;
};

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

// At which level a knob can be turned: one setting a module, or one a bank.
enum class Level { kModule, kBank };

struct Granularity {
  Level vdd = Level::kModule;
  Level trcd = Level::kBank;
  Level trp = Level::kBank;
};

// Supply voltage and the two latencies that a controller may lower.
struct Settings {
  double vdd_volts = 0;
  double trcd_seconds = 0;
  double trp_seconds = 0;
};

// What was seen of a module at one setting.
struct MeasuredPoint {
  Settings at;
  bool by_lines = true;     // `fraction` counts lines with an error, else failing bits
  double fraction = 0;      // 0: nothing failed, censored at one over cells_tested
  double cells_tested = 0;  // bits
  bool estimated = false;   // the fraction was not measured itself
  // How failures share out: [banks][1 or subarrays_per_bank], relative and positive; empty:
  // equally.
  std::vector<std::vector<double>> weights;
};

// A run of rows of one bank: a whole bank, or a subarray of it.
struct Partition {
  std::string name;
  std::string level;  // "bank", "subarray", or "rows" for any other range
  int64_t bank = 0;
  int64_t first_row = 0;
  int64_t rows = 0;
  int64_t row_bytes = 0;

  int64_t size_bytes() const { return rows * row_bytes; }
};

struct Device {
  std::string name;
  std::string description;
  Geometry geometry;
  Timing timing;
  Currents currents;
  Granularity granularity;
  Settings nominal;
  std::vector<MeasuredPoint> points;
  std::vector<Partition> partitions;  // banks, unless the description lists others
  std::string sources_json;           // where each number comes from, as written

  // The subarrays of all banks, in order of bank and row.
  std::vector<Partition> subarrays() const;
  // First byte of a partition when banks follow one another in the module's address space.
  int64_t base_of(const Partition& partition) const;
};

}  // namespace eden
