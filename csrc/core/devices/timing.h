#pragma once

#include <cstdint>
#include <string_view>

#include "csrc/core/devices/geometry.h"
#include "csrc/core/fields/fields.h"

namespace eden {

// Datasheet timings that no operating point changes (tRCD and tRP belong to the point).
struct Timing {
  double clock_seconds = 0;
  int64_t burst_clocks = 0;  // clocks that a read or write burst takes, two transfers each
  double tras_seconds = 0;
  double trc_seconds = 0;
  double trfc_seconds = 0;
  double trefi_seconds = 0;
};

// Wide enough for any DRAM ever sold, narrow enough to catch a number in the wrong unit.
constexpr double kMinSeconds = 1e-10, kMaxLatency = 1e-3;

template <>
struct FieldsOf<Timing> {
  static constexpr Field<Timing> list[] = {
      {"clock_seconds", &Timing::clock_seconds, kMinSeconds, 1e-6},
      {"burst_clocks", &Timing::burst_clocks, 1, 64},
      {"tras_seconds", &Timing::tras_seconds, kMinSeconds, kMaxLatency},
      {"trc_seconds", &Timing::trc_seconds, kMinSeconds, kMaxLatency},
      {"trfc_seconds", &Timing::trfc_seconds, kMinSeconds, kMaxLatency},
      {"trefi_seconds", &Timing::trefi_seconds, kMinSeconds, 1},
  };
};

// Throws std::invalid_argument for timings that no module has.
void check(const Timing& timing, std::string_view where = "Timing: ");

// Throws std::invalid_argument unless a burst of the rank moves one line: energy is counted by
// bursts, so a shorter one would move the line at a fraction of its joules.
void check_burst(const Geometry& geometry, const Timing& timing, std::string_view where);

}  // namespace eden
