#include "csrc/core/systems/streaming.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "csrc/core/controller/simulation.h"
#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

// Refresh intervals over which the cost of a refresh is counted.
constexpr int64_t kIntervals = 8;

int64_t clocks_in(double seconds, double clock_seconds) {
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(seconds / clock_seconds - 1e-3)));
}

int64_t power_of_two(int64_t n) {
  int64_t power = 1;
  while (power < n) power *= 2;
  return power;
}

void check(const Geometry& g, const StreamAccess& a) {
  if (a.banks < 1 || a.banks > g.banks) {
    refuse("streaming: ", "banks", a.banks, "1 to the module's " + std::to_string(g.banks));
  }
  if (a.bytes >= 1 && a.address >= 0 && a.bytes <= g.size_bytes() - a.address) return;
  refuse("streaming: ", "an access",
         std::to_string(a.bytes) + " bytes at address " + std::to_string(a.address),
         "at least 1 byte within the module's " + std::to_string(g.size_bytes()));
}

// An access in lines, and how many of them fill a row of each of its banks.
struct Span {
  Span(const Geometry& g, const StreamAccess& a)
      : first(a.address / g.line_bytes),
        count((a.address + a.bytes - 1) / g.line_bytes - first + 1),
        turn(a.banks * (g.row_bytes / g.line_bytes)) {}

  int64_t first;
  int64_t count;
  int64_t turn;
};

// The device's rank with its own clocks, and those of a like memory that it does not state.
Memory memory_of(const Device& d, const Memory& like, int64_t trcd, int64_t trp) {
  Memory m = like;
  const Timing& t = d.timing;
  const double scale = like.clock_seconds / t.clock_seconds;
  // Banks beyond what a controller keeps count as those before them.
  const int64_t banks = std::min<int64_t>(power_of_two(d.geometry.banks), kMostBanks);
  m.organisation.channels = m.organisation.ranks = 1;
  m.organisation.bank_groups = std::min(power_of_two(d.organisation.bank_groups), banks);
  m.organisation.banks_per_group = banks / m.organisation.bank_groups;
  m.clock_seconds = t.clock_seconds;
  m.bank_clocks.clear();
  for (auto& [name, clocks] : m.clocks) {
    clocks = static_cast<int64_t>(std::ceil(static_cast<double>(clocks) * scale - 1e-2));
  }
  const auto own = [&](const char* name, double seconds) {
    m.clocks[name] = clocks_in(seconds, t.clock_seconds);
  };
  m.clocks["tRCDW"] = std::max<int64_t>(1, m.clocks["tRCDW"] - m.clocks["tRCD"] + trcd);
  m.clocks["tRCD"] = trcd;
  m.clocks["tRP"] = trp;
  m.clocks["BL"] = t.burst_clocks;
  // Bursts follow each other by clocks, not by time.
  m.clocks["tCCD_S"] = like.clocks_of("tCCD_S") * t.burst_clocks / like.clocks_of("BL");
  m.clocks["tCCD_L"] = std::max(m.clocks["tCCD_L"], m.clocks["tCCD_S"]);
  own("tRAS", t.tras_seconds);
  own("tRC", t.trc_seconds);
  own("tRFC", t.trfc_seconds);
  own("tREFI", t.trefi_seconds);
  // What one refresh costs does not depend on a longer interval, which would take long to count.
  m.clocks["tREFI"] = std::min(m.clocks["tREFI"], 16 * m.clocks["tRFC"] + 16384);
  m.clocks["tRC"] = std::max(m.clocks["tRC"], m.clocks["tRAS"] + trp);
  return m;
}

void add(double times, const CommandCounts& other, CommandCounts* sum) {
  for (const auto& f : FieldsOf<CommandCounts>::list) {
    const auto count = std::get<double CommandCounts::*>(f.member);
    sum->*count += times * (other.*count);
  }
}

double length(const CommandCounts& n) { return n.active_cycles + n.precharged_cycles; }

}  // namespace

int64_t OpenRows::visit(const Geometry& g, const StreamAccess& a) {
  const Span lines(g, a);
  // Within one bank after the other, each bank has its own.
  const int64_t bank = a.banks == 1 ? a.address / g.bank_bytes() : 0;
  Open& open = rows_[{a.banks, bank}];
  const int64_t end = lines.first + lines.count, last = (end - 1) / lines.turn;
  const int64_t found = open.row == lines.first / lines.turn ? open.banks : 0;
  const int64_t visited = end - std::max(lines.first, last * lines.turn);
  open.banks = std::min(a.banks, (open.row == last ? open.banks : 0) + visited);
  open.row = last;
  return found;
}

Streams::Streams(Device device, std::shared_ptr<const Rules> others)
    : device_(std::move(device)), others_(std::move(others)) {}

const Rules& Streams::rules(int64_t trcd, int64_t trp) {
  std::unique_ptr<Rules>& found = rules_[{trcd, trp}];
  if (!found) {
    found = std::make_unique<Rules>(memory_of(device_, others_->memory(), trcd, trp),
                                    others_->standard());
  }
  return *found;
}

// Some lines, behind reads or writes of other rows and those of the first row that are open.
CommandCounts Streams::run(const Way& way, const LineSpan& part, bool refresh) {
  const int64_t first = std::get<0>(part), lines = std::get<1>(part), open = std::get<2>(part);
  const Rules& known = rules(std::get<0>(way), std::get<1>(way));
  const bool write = std::get<2>(way);
  const int64_t banks = std::get<3>(way);
  const Memory& m = known.memory();
  const int64_t columns = device_.geometry.row_bytes / device_.geometry.line_bytes;
  const int64_t groups = m.organisation.bank_groups, per_group = m.organisation.banks_per_group;
  Policy policy;
  policy.refresh = refresh ? Refresh::kAllBank : Refresh::kNone;
  Counted sink(m, Counting::kEachClockOnce);
  Controller controller(known, policy, sink);
  const auto ask = [&](int64_t line, int64_t row) {
    // Neighbours lie in different bank groups.
    const int64_t turn = line % banks % (groups * per_group);
    Waiting request;
    request.bank = static_cast<int32_t>(turn % groups * per_group + turn / groups);
    request.row = row;
    request.column = line / banks % columns;
    request.write = write;
    controller.offer(0, 0, request);
  };
  // Until all of those rows may be closed.
  const int64_t before = std::max(banks, 2 * m.clocks_of("tRC") / m.clocks_of("BL"));
  for (int64_t i = 0; i < before; ++i) ask(i, -2);
  for (int64_t i = 0; i < open; ++i) ask(first + banks - open + i, first / banks / columns);
  for (int64_t i = first; i < first + lines; ++i) ask(i, i / banks / columns);
  controller.finish();
  const TraceCounts n = sink.finish()[0].counts;
  CommandCounts found;
  found.activates = static_cast<double>(n.activates);
  found.refreshes = static_cast<double>(n.refreshes);
  found.active_cycles = static_cast<double>(n.active_cycles);
  found.precharged_cycles = static_cast<double>(n.precharged_cycles);
  return found;
}

const CommandCounts& Streams::served(const Way& way, const LineSpan& part) {
  const auto key = std::make_pair(way, part);
  auto found = served_.find(key);
  if (found == served_.end()) {
    CommandCounts n = run(way, part, false);
    LineSpan none = part;
    std::get<1>(none) = 0;
    if (part != none) add(-1, served(way, none), &n);
    found = served_.emplace(key, n).first;
  }
  return found->second;
}

const CommandCounts& Streams::one_refresh(const Way& way) {
  auto found = refreshes_.find(way);
  if (found == refreshes_.end()) {
    const Memory& m = rules(std::get<0>(way), std::get<1>(way)).memory();
    const int64_t lines = kIntervals * m.clocks_of("tREFI") / m.clocks_of("BL");
    CommandCounts with = run(way, {0, lines, 0}, true), one;
    add(-1, run(way, {0, lines, 0}, false), &with);
    add(1 / std::max(1.0, with.refreshes), with, &one);
    found = refreshes_.emplace(way, one).first;
  }
  return found->second;
}

CommandCounts Streams::counts(const Transfer& transfer, OpenRows* open) {
  const Geometry& g = device_.geometry;
  const Timing& t = device_.timing;
  const StreamAccess& a = transfer.access;
  check(g, a);
  check_fields(transfer.at, "streaming: ");
  const Way way{clocks_in(transfer.at.trcd_seconds, t.clock_seconds),
                clocks_in(transfer.at.trp_seconds, t.clock_seconds), a.write, a.banks};
  const Span lines(g, a);
  const int64_t first = lines.first % lines.turn, turns = lines.count / lines.turn;
  const int64_t found = open->visit(g, a);
  CommandCounts n;
  if (turns < 3) {
    n = served(way, {first, lines.count, found});
  } else {
    const int64_t some = lines.count % lines.turn + lines.turn;
    n = served(way, {first, some, found});
    CommandCounts more = served(way, {first, some + lines.turn, found});
    add(-1, n, &more);
    add(static_cast<double>(turns - 1), more, &n);
  }
  // The end of the transfer before it may have hidden all but the bursts.
  const auto bursts = static_cast<double>(lines.count * t.burst_clocks);
  const double clocks = std::max(bursts, length(n));
  // One of few lines has all rows closed for longer than without it: its bursts find one open.
  n.active_cycles = std::max(bursts, clocks - n.precharged_cycles);
  n.precharged_cycles = clocks - n.active_cycles;
  const CommandCounts& refresh = one_refresh(way);
  const double interval = t.trefi_seconds * transfer.refresh_stretch / t.clock_seconds;
  // In the time between refreshes the stream moves on.
  const double left = std::max(0.01 * interval, interval - length(refresh));
  add(length(n) / left, refresh, &n);
  n.activates = std::max(0.0, n.activates);
  n.precharged_cycles = std::max(0.0, n.precharged_cycles);
  n.precharges = n.activates;
  (a.write ? n.writes : n.reads) = static_cast<double>(lines.count);
  return n;
}

CommandCounts Streams::idle(double seconds, double refresh_stretch) const {
  const Timing& t = device_.timing;
  CommandCounts n;
  n.refreshes = seconds / (t.trefi_seconds * refresh_stretch);
  n.precharged_cycles = seconds / t.clock_seconds;
  return n;
}

}  // namespace eden
