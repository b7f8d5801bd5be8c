#include "csrc/core/systems/streaming.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace eden {
namespace {

// How many rows an access opens, given the row each bank has open (-1: none); updates them.
class OpenRows {
 public:
  explicit OpenRows(const Geometry& g) : g_(g), row_(static_cast<std::size_t>(g.banks), -1) {}

  int64_t visit(const StreamAccess& a) {
    const int64_t last = a.address + a.bytes - 1;
    if (a.order == Interleave::kLines)
      return visit_lines(a.address / g_.line_bytes, last / g_.line_bytes);
    int64_t opened = 0;
    for (int64_t at = a.address; at <= last;) {
      const Location begin = locate(g_, a.order, at);
      const int64_t bank_end = (begin.bank + 1) * g_.bank_bytes() - 1;
      const Location end = locate(g_, a.order, std::min(last, bank_end));
      opened += visit_rows(begin.bank, begin.row, end.row);
      at = bank_end + 1;
    }
    return opened;
  }

 private:
  int64_t visit_rows(int64_t bank, int64_t first, int64_t last) {
    int64_t& open = row_[static_cast<std::size_t>(bank)];
    const int64_t opened = last - first + (open == first ? 0 : 1);
    open = last;
    return opened;
  }

  int64_t visit_lines(int64_t first, int64_t last) {
    int64_t opened = 0;
    // The first and the last line of each bank bound its rows.
    for (int64_t i = 0; i < std::min(g_.banks, last - first + 1); ++i) {
      const int64_t from = first + i;
      const int64_t to = from + (last - from) / g_.banks * g_.banks;
      const Location begin = locate(g_, Interleave::kLines, from * g_.line_bytes);
      opened +=
          visit_rows(begin.bank, begin.row, locate(g_, Interleave::kLines, to * g_.line_bytes).row);
    }
    return opened;
  }

  const Geometry& g_;
  std::vector<int64_t> row_;
};

void check(const Geometry& g, const StreamAccess& a) {
  if (a.bytes >= 1 && a.address >= 0 && a.bytes <= g.size_bytes() - a.address) return;
  throw std::invalid_argument("streaming: an access of " + std::to_string(a.bytes) +
                              " bytes at address " + std::to_string(a.address) +
                              "; accepted: at least 1 byte within the module's " +
                              std::to_string(g.size_bytes()));
}

double busy_seconds(const Geometry& g, const Timing& t, const Transfer& a, double bursts,
                    double opened) {
  const double burst = static_cast<double>(t.burst_clocks) * t.clock_seconds;
  const double turn = a.at.trp_seconds + a.at.trcd_seconds;
  if (a.access.order == Interleave::kBanks) {
    // A row cannot be left before tRAS, however little of it was read.
    return std::max(opened * (t.tras_seconds + a.at.trp_seconds), opened * turn + bursts * burst);
  }
  const double rounds = opened / static_cast<double>(g.banks);
  const double covered = static_cast<double>(g.banks - 1) * burst;
  const double later = std::max(0.0, rounds - 1) * std::max(0.0, turn - covered);
  return bursts * burst + (opened > 0 ? turn : 0) + later;
}

}  // namespace

std::vector<CommandCounts> stream(const Geometry& g, const Timing& t,
                                  const std::vector<Transfer>& transfers) {
  OpenRows open(g);
  std::vector<CommandCounts> result;
  result.reserve(transfers.size());
  for (const Transfer& transfer : transfers) {
    const StreamAccess& a = transfer.access;
    check(g, a);
    const int64_t lines = (a.address + a.bytes - 1) / g.line_bytes - a.address / g.line_bytes + 1;
    CommandCounts n;
    n.activates = static_cast<double>(open.visit(a));
    n.precharges = n.activates;
    (a.write ? n.writes : n.reads) = static_cast<double>(lines);
    const double busy = busy_seconds(g, t, transfer, static_cast<double>(lines), n.activates);
    const double trefi = t.trefi_seconds * transfer.refresh_stretch;
    const double seconds = busy / (1 - t.trfc_seconds / trefi);
    n.refreshes = seconds / trefi;
    n.active_cycles = seconds / t.clock_seconds;
    result.push_back(n);
  }
  return result;
}

}  // namespace eden
