#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "csrc/core/counts/command_counts.h"
#include "csrc/core/devices/device.h"
#include "csrc/core/timing/rules.h"

namespace eden {

// One tensor read or written from end to end, its lines in turn in so many banks.
struct StreamAccess {
  bool write = false;
  int64_t banks = 1;
  int64_t address = 0;  // bytes, within those banks
  int64_t bytes = 0;
};

// An access at an operating point, made so many times.
struct Transfer {
  StreamAccess access;
  Settings at;
  double times = 1;
  double refresh_stretch = 1;  // refresh interval over the rated one
};

// The rows that transfers leave open, by the banks that they were interleaved over.
class OpenRows {
 public:
  // How many of an access' banks have the row of its first line open; then its last is.
  int64_t visit(const Geometry& geometry, const StreamAccess& access);

 private:
  struct Open {
    int64_t row = -1;
    int64_t banks = 0;
  };
  std::map<std::pair<int64_t, int64_t>, Open> rows_;
};

// Commands and cycles of transfers in a device, by the DRAM engine's controller.
//
// A transfer is as long as it holds the banks up: its first openings show as far as the transfer
// before it does not hide them. Of a long one a turn over all columns of its banks stands for the
// others. Refresh is not left to chance: what one costs a stream, the rows that it closes included,
// is counted by itself, and there are as many as there are intervals in the transfer's time.
class Streams {
 public:
  // `others` gives the standard, and the clocks that a device does not state: write recovery,
  // turnaround, tFAW and so on.
  Streams(Device device, std::shared_ptr<const Rules> others);

  const Device& device() const { return device_; }
  // What the pins take is the other memory's too; none if it does not describe them.
  const std::optional<Interface>& interface() const { return others_->memory().interface; }

  // Of the transfer made once, behind others that left some rows open. Throws
  // std::invalid_argument for one outside the module.
  CommandCounts counts(const Transfer& transfer, OpenRows* open);
  // Of time in which nothing is moved, all rows being closed.
  CommandCounts idle(double seconds, double refresh_stretch) const;

 private:
  // tRCD and tRP in clocks, written, banks.
  using Way = std::tuple<int64_t, int64_t, bool, int64_t>;
  // First line and lines, and banks whose first row is open.
  using LineSpan = std::tuple<int64_t, int64_t, int64_t>;

  CommandCounts run(const Way& way, const LineSpan& part, bool refresh);
  const CommandCounts& served(const Way& way, const LineSpan& part);
  const CommandCounts& one_refresh(const Way& way);
  const Rules& rules(int64_t trcd, int64_t trp);

  Device device_;
  std::shared_ptr<const Rules> others_;
  std::map<std::pair<int64_t, int64_t>, std::unique_ptr<Rules>> rules_;
  std::map<std::pair<Way, LineSpan>, CommandCounts> served_;
  std::map<Way, CommandCounts> refreshes_;
};

}  // namespace eden
