#include "csrc/core/processor/machine.h"

#include <algorithm>
#include <cmath>

namespace eden {
namespace {

// How far a core may run ahead of the others: what it changes in the shared cache meanwhile.
constexpr double kAheadCycles = 100;
constexpr std::size_t kFlying = 1 << 14;

std::size_t slot_of(uint64_t line) { return (line * 0x9E3779B97F4A7C15ULL) >> 50; }

}  // namespace

Machine::Core::Core(const Processor& p)
    : l1(p.l1_bytes, p.l1_ways, p.line_bytes),
      l2(p.l2_bytes, p.l2_ways, p.line_bytes),
      prefetcher(p.prefetch_streams, p.prefetch_degree, p.prefetch_distance, p.line_bytes) {}

Machine::Machine(const Processor& p, uint64_t memory_bytes)
    : p_(p),
      pages_(p.page_bytes, memory_bytes, static_cast<uint64_t>(p.page_seed)),
      shared_(p.shared_bytes, p.shared_ways, p.line_bytes),
      requests_(kRing),
      flying_(kFlying),
      memory_cycles_(p.memory_seconds * p.clock_hz) {
  check(p);
  while ((int64_t{1} << line_shift_) < p.line_bytes) ++line_shift_;
  for (int64_t i = 0; i < p.cores; ++i) cores_.emplace_back(p);
}

void Machine::start(const std::vector<UnitRange>& of_cores) {
  ran_ = {};
  std::fill(flying_.begin(), flying_.end(), Flying{});
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    Core& c = cores_[i];
    c.range = i < of_cores.size() ? of_cores[i] : UnitRange{};
    c.time = c.computed = 0;
    c.instruction = 0;
    c.loads.clear();
    c.last_load = {0, kNone, 0};
    c.misses.clear();
    c.prefetches.clear();
    c.buffer.clear();
    c.at = 0;
    c.begun = c.blocked = false;
    c.finished = !refill(c);
  }
}

bool Machine::refill(Core& c) {
  while (c.at >= c.buffer.size()) {
    if (c.range.work == nullptr || c.range.first >= c.range.last) return false;
    c.buffer.clear();
    c.at = 0;
    c.range.work->emit(c.range.first++, &c.buffer);
  }
  return true;
}

void Machine::warm(const std::vector<UnitRange>& of_cores) {
  memory_ = nullptr;
  start(of_cores);
  // Unit by unit in turns, so that the shared cache sees the cores side by side.
  for (bool any = true; any;) {
    any = false;
    for (std::size_t i = 0; i < cores_.size(); ++i) {
      if (cores_[i].finished) continue;
      go(static_cast<int32_t>(i), cores_[i].time + kAheadCycles);
      any = true;
    }
  }
}

Ran Machine::run(const std::vector<UnitRange>& of_cores, MemoryPort& memory,
                 double memory_clock_seconds) {
  memory_ = &memory;
  cycles_per_clock_ = memory_clock_seconds * p_.clock_hz;
  start(of_cores);
  for (;;) {
    // Nothing that is not known yet happens before this.
    double next = kUnknown, least = kUnknown;
    int32_t index = -1;
    const double memory_time = static_cast<double>(memory.now()) * cycles_per_clock_;
    for (std::size_t i = 0; i < cores_.size(); ++i) {
      const Core& c = cores_[i];
      if (c.finished) continue;
      least = std::min(least, c.blocked ? memory_time : c.time);
      if (!c.blocked && c.time < next) {
        next = c.time;
        index = static_cast<int32_t>(i);
      }
    }
    if (least == kUnknown) break;
    if (index >= 0 && next <= least + kAheadCycles) {
      go(index, least + kAheadCycles);
      continue;
    }
    int64_t until = memory.now() + memory.lookahead();
    if (index >= 0) {
      until = std::min(until, static_cast<int64_t>(std::floor(next / cycles_per_clock_)));
    }
    memory.advance(std::max(until, memory.now() + 1));
  }
  // Stores and prefetches may be on their way; what waits for loads is part of the phase.
  for (Core& c : cores_) {
    while (!c.loads.empty()) {
      const double done = done_of(c.loads.front());
      if (done == kUnknown) {
        memory.advance(memory.now() + memory.lookahead());
        continue;
      }
      c.time = std::max(c.time, done);
      c.loads.pop_front();
    }
    ran_.cycles = std::max(ran_.cycles, c.time);
    ran_.compute_cycles = std::max(ran_.compute_cycles, c.computed);
  }
  memory.finish(static_cast<int64_t>(std::ceil(ran_.cycles / cycles_per_clock_)));
  return ran_;
}

void Machine::go(int32_t index, double limit) {
  Core& c = cores_[static_cast<std::size_t>(index)];
  do {
    if (!step(c, index)) {
      c.blocked = true;
      return;
    }
    ++c.at;
    c.begun = false;
    ran_.accesses += 1;
    if (!refill(c)) {
      c.finished = true;
      return;
    }
  } while (c.time <= limit);
}

double Machine::done_of(const PendingLoad& load) const {
  if (load.request == kNone || next_request_ - load.request >= kRing) return load.done;
  return std::max(load.done, requests_[load.request % kRing].done);
}

// Moves a core on to the end of a load; false if that is not known.
bool Machine::wait_for(Core& c, const PendingLoad& load) {
  const double done = done_of(load);
  if (done == kUnknown) {
    c.waits_for = load.request;
    return false;
  }
  c.time = std::max(c.time, done);
  return true;
}

bool Machine::step(Core& c, int32_t index) {
  const Access& a = c.buffer[c.at];
  if (!c.begun) {
    c.target = c.instruction + a.instructions;
    c.computed += static_cast<double>(a.cycles);
    c.begun = true;
  }
  const double each = static_cast<double>(a.cycles) / std::max<double>(1, a.instructions);
  const auto go_on = [&](int64_t to) {
    c.time += static_cast<double>(to - c.instruction) * each;
    c.instruction = to;
  };
  while (!c.loads.empty() && c.loads.front().instruction + p_.window <= c.target) {
    go_on(std::max(c.instruction, c.loads.front().instruction + p_.window));
    if (!wait_for(c, c.loads.front())) return false;
    c.loads.pop_front();
  }
  go_on(c.target);
  if (a.dependent && !wait_for(c, c.last_load)) return false;
  return look_up(c, index, a);
}

void Machine::remember(Core& c, double done, uint64_t request) {
  c.last_load = {c.instruction, request, done};
  c.loads.push_back(c.last_load);
}

bool Machine::look_up(Core& c, int32_t index, const Access& a) {
  const uint64_t line = pages_.physical(a.address) >> line_shift_;
  if (c.l1.touch(line, a.write)) return true;
  const bool in_l2 = c.l2.touch(line, false);
  const bool in_shared = !in_l2 && shared_.touch(line, false);
  uint64_t request = kNone;
  double done = 0;
  if (in_l2 || in_shared) {
    done = c.time + static_cast<double>(in_l2 ? p_.l2_cycles : p_.shared_cycles);
    const Flying& f = flying_[slot_of(line)];
    if (f.line == line && next_request_ - f.request < kRing) request = f.request;
    fill(c, line, a.kind, a.write, in_l2 ? 1 : 2);
  } else {
    if (!room(c.misses, p_.misses_in_flight, c, true)) return false;
    request = fetch(index, c.time + static_cast<double>(p_.shared_cycles), line, a.kind);
    c.misses.push_back(request);
    fill(c, line, a.kind, a.write, 3);
  }
  if (!a.write) remember(c, done, request);
  if (p_.prefetch) prefetch(c, index, line, a.kind);
  return true;
}

void Machine::prefetch(Core& c, int32_t index, uint64_t line, Kind kind) {
  to_fetch_.clear();
  c.prefetcher.observe(line, &to_fetch_);
  for (const uint64_t next : to_fetch_) {
    if (c.l2.holds(next)) continue;
    if (shared_.touch(next, false)) {
      write_back(c, c.l2.insert(next, kind, false), 2);
      continue;
    }
    if (!room(c.prefetches, p_.prefetches_in_flight, c, false)) continue;
    c.prefetches.push_back(
        fetch(index, c.time + static_cast<double>(p_.shared_cycles), next, kind));
    write_back(c, shared_.insert(next, kind, false), 3);
    write_back(c, c.l2.insert(next, kind, false), 2);
  }
}

// Into the levels before the one that held it: 1 is L2, 2 the shared cache, 3 the memory.
void Machine::fill(Core& c, uint64_t line, Kind kind, bool write, int from) {
  if (from > 2) write_back(c, shared_.insert(line, kind, false), 3);
  if (from > 1) write_back(c, c.l2.insert(line, kind, false), 2);
  write_back(c, c.l1.insert(line, kind, write), 1);
}

// A line that left a level goes to the next one that there is, in the end to DRAM.
void Machine::write_back(Core& c, const Cache::Victim& v, int level) {
  if (!v.dirty) return;
  if (level == 1) {
    if (!c.l2.touch(v.line, true)) write_back(c, c.l2.insert(v.line, v.kind, true), 2);
  } else if (level == 2) {
    if (!shared_.touch(v.line, true)) write_back(c, shared_.insert(v.line, v.kind, true), 3);
  } else {
    ran_.written_bytes[static_cast<std::size_t>(v.kind)] += static_cast<double>(p_.line_bytes);
    if (memory_ == nullptr) return;
    const auto clock = static_cast<int64_t>(
        std::ceil((c.time + static_cast<double>(p_.shared_cycles)) / cycles_per_clock_));
    memory_->request(clock, v.line << line_shift_, p_.line_bytes, true, 0);
  }
}

uint64_t Machine::fetch(int32_t index, double at, uint64_t line, Kind kind) {
  ran_.read_bytes[static_cast<std::size_t>(kind)] += static_cast<double>(p_.line_bytes);
  const uint64_t request = next_request_++;
  Request& r = requests_[request % kRing];
  r = {at, 0, index, 0};
  flying_[slot_of(line)] = {line, request};
  if (memory_ == nullptr) return request;
  r.done = kUnknown;
  r.bursts = static_cast<int32_t>(memory_->bursts_of(p_.line_bytes));
  memory_->request(static_cast<int64_t>(std::ceil(at / cycles_per_clock_)), line << line_shift_,
                   p_.line_bytes, false, static_cast<uint16_t>(request % kRing));
  return request;
}

bool Machine::room(std::vector<uint64_t>& flying, int64_t most, Core& c, bool wait) {
  if (static_cast<int64_t>(flying.size()) < most) return true;
  const auto done = [this](uint64_t request) { return requests_[request % kRing].done; };
  const auto drop = [&] {
    flying.erase(std::remove_if(flying.begin(), flying.end(),
                                [&](uint64_t request) { return done(request) <= c.time; }),
                 flying.end());
  };
  drop();
  if (static_cast<int64_t>(flying.size()) < most) return true;
  if (!wait) return false;
  double first = kUnknown;
  for (const uint64_t request : flying) first = std::min(first, done(request));
  if (first == kUnknown) {
    c.waits_for = kNone;
    return false;
  }
  c.time = std::max(c.time, first);
  drop();
  return true;
}

void Machine::read_ends(uint16_t tag, int64_t clock) {
  Request& r = requests_[tag];
  r.last = std::max(r.last, static_cast<double>(clock) * cycles_per_clock_ + memory_cycles_);
  if (--r.bursts > 0) return;
  r.done = r.last;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    Core& c = cores_[i];
    if (static_cast<int32_t>(i) == r.owner ||
        (c.waits_for != kNone && c.waits_for % kRing == tag)) {
      c.blocked = false;
    }
  }
}

}  // namespace eden
