#include "csrc/core/devices/timing.h"

#include <string>

namespace eden {

void check(const Timing& t, std::string_view where) {
  check_fields(t, where);
  check_number(where, "trc_seconds", t.trc_seconds, t.tras_seconds, kMaxLatency);
  // Time stretches by 1 / (1 - tRFC / tREFI). Modules refresh for a tenth of the interval or less;
  // beyond half of it one of the two numbers is wrong.
  check_number(where, "trefi_seconds", t.trefi_seconds, 2 * t.trfc_seconds, 1);
}

void check_burst(const Geometry& g, const Timing& t, std::string_view where) {
  const int64_t bits = g.chips * g.chip_width_bits * 2 * t.burst_clocks;
  if (bits == 8 * g.line_bytes) return;
  refuse(where, "a burst",
         std::to_string(bits) + " bits (" + std::to_string(g.chips) + " chips x " +
             std::to_string(g.chip_width_bits) + " bits x 2 transfers x " +
             std::to_string(t.burst_clocks) + " clocks)",
         std::to_string(8 * g.line_bytes) +
             ", a line: chips, chip_width_bits, burst_clocks and line_bytes that agree");
}

}  // namespace eden
