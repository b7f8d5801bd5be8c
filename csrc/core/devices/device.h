#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "csrc/core/devices/currents.h"
#include "csrc/core/devices/geometry.h"
#include "csrc/core/devices/timing.h"

namespace eden {

// At which level a knob can be turned: one setting a module, or one a bank.
enum class Level { kModule, kBank };

const char* name_of(Level level);

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

template <>
struct FieldsOf<Settings> {
  static constexpr Field<Settings> list[] = {
      {"vdd_volts", &Settings::vdd_volts, kMinVolts, kMaxVolts},
      {"trcd_seconds", &Settings::trcd_seconds, kMinSeconds, kMaxLatency},
      {"trp_seconds", &Settings::trp_seconds, kMinSeconds, kMaxLatency},
  };
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
