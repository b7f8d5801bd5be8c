#pragma once

#include <cstdint>
#include <limits>
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

// An axis that a measurement does not state.
constexpr double kNotStated = std::numeric_limits<double>::quiet_NaN();

// What was seen of a module at one setting.
struct MeasuredPoint {
  Settings at;  // of retention the latencies are not stated
  double temperature_celsius = kNotStated;
  double refresh_seconds = kNotStated;  // of retention alone
  bool by_lines = true;                 // `fraction` counts lines with an error, else failing bits
  double fraction = 0;                  // 0: nothing failed, censored at one over cells_tested
  double fraction_low = 0;              // what the measurement leaves open
  double fraction_high = 0;
  double cells_tested = 0;  // bits
  bool estimated = false;   // the fraction was not measured itself
  bool assumed = false;     // nor was this module: the fraction is borrowed from another
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

// What a channel is made of besides the rank that a device describes.
struct ModuleOrganisation {
  int64_t channels = 1;
  int64_t ranks = 1;
  int64_t bank_groups = 1;
};

template <>
struct FieldsOf<ModuleOrganisation> {
  static constexpr Field<ModuleOrganisation> list[] = {
      {"channels", &ModuleOrganisation::channels, 1, 64},
      {"ranks", &ModuleOrganisation::ranks, 1, 64},
      {"bank_groups", &ModuleOrganisation::bank_groups, 1, 64},
  };
};

// Within so many seconds every row is refreshed where a standard rates it, and at these
// temperatures; beyond it is an operating point.
constexpr double kMinRefresh = 1e-3, kMaxRatedRefresh = 64e-3;
constexpr double kMinRatedCelsius = 0, kMaxRatedCelsius = 85;

struct Device {
  std::string name;
  std::string description;
  std::string vendor;                // of the chips, as its study masks it
  std::string standard;              // such as DDR4
  std::vector<std::string> assumed;  // what of it nobody measured, in words
  ModuleOrganisation organisation;
  Geometry geometry;
  Timing timing;
  Currents currents;
  Granularity granularity;
  Settings nominal;
  double refresh_seconds = kMaxRatedRefresh;  // rated: within it every row is refreshed
  std::vector<MeasuredPoint> points;          // of lowered voltage and latencies
  std::vector<MeasuredPoint> retention;       // of longer refresh intervals
  std::vector<Partition> partitions;          // banks, unless the description lists others
  std::string sources_json;                   // where each number comes from, as written

  // The subarrays of all banks, in order of bank and row.
  std::vector<Partition> subarrays() const;
  // First byte of a partition when banks follow one another in the module's address space.
  int64_t base_of(const Partition& partition) const;
};

}  // namespace eden
