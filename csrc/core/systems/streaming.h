#pragma once

#include <cstdint>
#include <vector>

#include "csrc/core/address/address_map.h"
#include "csrc/core/counts/command_counts.h"
#include "csrc/core/devices/device.h"

namespace eden {

// One tensor read or written from end to end.
struct StreamAccess {
  bool write = false;
  Interleave order = Interleave::kBanks;
  int64_t address = 0;  // bytes in the module, in the given order
  int64_t bytes = 0;
};

// An access at an operating point, made so many times.
struct Transfer {
  StreamAccess access;
  Settings at;
  double times = 1;
  double refresh_stretch = 1;  // refresh interval over the rated one
};

// The commands and cycles of each transfer made once, one after another with open rows.
//
// Rows stay open until another row of their bank is needed; each opened row is closed once. Within
// one bank every new row shows its tRP + tRCD. Interleaved lines keep the other banks busy
// meanwhile, so that only the first opening shows, and what the other banks' lines do not cover.
// Refresh takes its share of the time; all of it counts as active cycles, as rows are left open.
std::vector<CommandCounts> stream(const Geometry& geometry, const Timing& timing,
                                  const std::vector<Transfer>& transfers);

}  // namespace eden
