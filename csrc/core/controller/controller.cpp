#include "csrc/core/controller/controller.h"

#include <algorithm>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

int32_t lowest(uint64_t bits) { return __builtin_ctzll(bits); }

void need(const Rules& rules, const std::string& knob, const char* clocks) {
  if (rules.memory().clocks_or(clocks, 0) > 0) return;
  refuse("controller: ", std::string(clocks) + " of " + rules.memory().name, "missing",
         "a memory that gives it, for " + knob);
}

int64_t refresh_interval(const Rules& rules, Refresh refresh) {
  const Memory& m = rules.memory();
  if (refresh != Refresh::kPerBank) return m.clocks_of("tREFI");
  need(rules, "refresh per-bank", "tRFCpb");
  return std::max<int64_t>(1, m.clocks_of("tREFI") / rules.banks_per_rank());
}

}  // namespace

Controller::Controller(const Rules& rules, const Policy& policy, CommandSink& sink, ReadSink* reads)
    : rules_(rules),
      policy_(policy),
      sink_(sink),
      read_sink_(reads),
      readiness_(rules),
      read_done_(rules.memory().clocks_of("CL") + rules.memory().clocks_of("BL")),
      write_done_(rules.memory().clocks_of("CWL") + rules.memory().clocks_of("BL")),
      interval_(refresh_interval(rules, policy.refresh)),
      reads_(policy.read_entries),
      writes_(policy.write_entries),
      managed_(policy.power_down_clocks > 0 || policy.self_refresh_clocks > 0) {
  check(policy);
  if (policy.power_down_clocks > 0) need(rules, "power_down_clocks", "tXP");
  if (policy.self_refresh_clocks > 0) need(rules, "self_refresh_clocks", "tXS");
  const int32_t per_rank = rules.banks_per_rank(), ranks = rules.banks() / per_rank;
  for (int32_t i = 0; i < ranks; ++i) {
    Rank rank;
    rank.first = i * per_rank;
    rank.banks = (per_rank == 64 ? ~uint64_t{0} : (uint64_t{1} << per_rank) - 1) << rank.first;
    // Ranks take turns, so that they do not all stand still at once.
    rank.next_refresh = interval_ + i * interval_ / ranks;
    if (policy_.refresh == Refresh::kNone) rank.next_refresh = INT64_MAX;
    next_event_ = std::min(next_event_, rank.next_refresh);
    ranks_.push_back(rank);
  }
  std::fill(std::begin(row_), std::end(row_), -1);
  std::fill(std::begin(since_act_), std::end(since_act_), 0);
}

bool Controller::forwards(const Waiting& r) const {
  const auto same = [&r](const Waiting& w) { return w.row == r.row && w.column == r.column; };
  for (int32_t i = writes_.oldest(r.bank); i != Queue::kNone; i = writes_.next(i)) {
    if (same(writes_[i])) return true;
  }
  const Waiting& a = active_[r.bank];
  return (active_mask_ >> r.bank & 1) != 0 && a.write && same(a);
}

int64_t Controller::offer(int64_t arrival, int64_t not_before, const Waiting& request) {
  const int64_t from = std::max({arrival, not_before, last_accepted_ + 1});
  while (now_ <= from) now_ = std::min(step(now_), from + 1);
  Queue& q = request.write ? writes_ : reads_;
  while (q.full()) now_ = step(now_);
  last_accepted_ = now_ - 1;
  if (!request.write && forwards(request)) {
    ++served_.forwarded;
    if (read_sink_ != nullptr) read_sink_->read_ends(request.tag, last_accepted_);
    return last_accepted_;
  }
  Waiting r = request;
  r.order = accepted_++;
  r.arrived = arrival;
  r.accepted = last_accepted_;
  q.push(r, open_row(r.bank));
  resting_[r.write].wake(r.bank);
  return last_accepted_;
}

void Controller::advance(int64_t until) {
  while (now_ < until) now_ = std::min(step(now_), until);
}

void Controller::finish(int64_t until) {
  while (reads_.size() + writes_.size() > 0 || active_mask_ != 0) now_ = step(now_);
  advance(until);
}

int64_t Controller::step(int64_t now) {
  int64_t wake = next_event_;
  uint64_t blocked = 0;
  if (now >= next_event_) {
    next_event_ = INT64_MAX;
    for (Rank& rank : ranks_) {
      count_due(rank, now);
      next_event_ = std::min(next_event_, rank.next_refresh);
    }
    wake = next_event_;
  }
  if (now >= active_ready_ && serve_active(now)) return now + 1;
  wake = std::min(wake, active_ready_);
  if (managed_ && power(now, &blocked, &wake)) return now + 1;
  if (any_due_ && refresh(now, &blocked, &wake)) return now + 1;
  if (serve_queue(now, blocked, &wake)) return now + 1;
  return std::max(wake, now + 1);
}

bool Controller::serve_active(int64_t now) {
  ReadyRequest choice;
  int64_t first = INT64_MAX;
  for (uint64_t bits = active_mask_; bits != 0; bits &= bits - 1) {
    const int32_t bank = lowest(bits);
    const Command c = column_command(active_[bank].write);
    const int64_t ready = readiness_.earliest(c, bank);
    first = std::min(first, ready);
    if (ready <= now) choice.consider(active_[bank].order, c, bank, 0);
  }
  active_ready_ = first;
  if (choice.entry == Queue::kNone) return false;
  active_mask_ &= ~(uint64_t{1} << choice.bank);
  serve(active_[choice.bank], now);
  return true;
}

void Controller::choose_queue() {
  const auto share = [this](double of) { return of * static_cast<double>(policy_.write_entries); };
  const auto waiting = static_cast<double>(writes_.size());
  if (!writing_) {
    writing_ = waiting > share(policy_.write_high) || reads_.size() == 0;
  } else {
    // A lower mark of 0 is never passed: then the last write ends it.
    const bool drained = waiting < share(policy_.write_low) || writes_.size() == 0;
    writing_ = !(drained && reads_.size() != 0);
  }
}

void Controller::Resting::wake_until(int64_t now) {
  if (now < first) return;
  first = INT64_MAX;
  // Which banks wake is as good as random, so that branches would be mispredicted.
  uint64_t still = 0;
  for (uint64_t bits = banks; bits != 0; bits &= bits - 1) {
    const int32_t bank = lowest(bits);
    const bool rests = until[bank] > now;
    still |= uint64_t{rests} << bank;
    first = std::min(first, rests ? until[bank] : INT64_MAX);
  }
  banks = still;
}

// Closed banks of ranks in which no row may be opened yet: there is no need to look at each.
uint64_t Controller::held_back(uint64_t banks, int64_t now, int64_t* wake) const {
  uint64_t held = 0;
  for (const Rank& rank : ranks_) {
    const uint64_t closed = banks & rank.banks & ~open_;
    if (closed == 0) continue;
    const int64_t ready = readiness_.earliest_of_rank(Command::kAct, rules_.rank_of(rank.first));
    if (ready <= now) continue;
    *wake = std::min(*wake, ready);
    held |= closed;
  }
  return held;
}

// Returns when the first command for its requests is ready.
int64_t Controller::look_at_bank(const Queue& q, int32_t bank, int64_t now,
                                 ReadyRequest* choice) const {
  int32_t old = q.oldest(bank);
  if (!is_open(bank)) {
    const int64_t ready = readiness_.earliest(Command::kAct, bank);
    if (ready <= now) choice->consider(q[old].order, Command::kAct, bank, old);
    return ready;
  }
  // An automatic precharge would close the row under the request that it was opened for.
  const bool active = (active_mask_ >> bank & 1) != 0;
  if (active && policy_.page == Page::kClosed) return INT64_MAX;
  int32_t hit = q.hit(bank);
  if (policy_.page == Page::kCapped && hit != Queue::kNone && since_act_[bank] >= policy_.cap) {
    int32_t other = old;
    while (other != Queue::kNone && q[other].row == row_[bank]) other = q.next(other);
    if (other != Queue::kNone) {
      old = other;
      hit = Queue::kNone;
    }
  }
  int64_t first = INT64_MAX;
  if (hit != Queue::kNone) {
    const Command c = column_command(q[hit].write);
    first = readiness_.earliest(c, bank);
    if (first <= now) choice->consider(q[hit].order, c, bank, hit);
  }
  if (old == hit || active) return first;
  const int64_t ready = readiness_.earliest(Command::kPre, bank);
  if (ready <= now) choice->consider(q[old].order, Command::kPre, bank, old);
  return std::min(first, ready);
}

bool Controller::serve_queue(int64_t now, uint64_t blocked, int64_t* wake) {
  choose_queue();
  Queue& q = writing_ ? writes_ : reads_;
  Resting& resting = resting_[writing_];
  resting.wake_until(now);
  ReadyRequest choice;
  const uint64_t banks = q.banks() & ~blocked & ~resting.banks;
  for (uint64_t bits = banks & ~held_back(banks, now, wake); bits != 0; bits &= bits - 1) {
    const int32_t bank = lowest(bits);
    const int64_t ready = look_at_bank(q, bank, now, &choice);
    if (ready > now) resting.rest(bank, ready);
  }
  *wake = std::min(*wake, resting.first);
  if (choice.entry == Queue::kNone) return false;
  if (choice.command == Command::kPre) {
    send(Command::kPre, choice.bank, -1, now);
    return true;
  }
  const Waiting request = q[choice.entry];
  if (choice.command == Command::kAct) {
    q.remove(choice.entry, -1);
    active_[choice.bank] = request;
    active_mask_ |= uint64_t{1} << choice.bank;
    send(Command::kAct, choice.bank, request.row, now);
    active_ready_ =
        std::min(active_ready_, readiness_.earliest(column_command(request.write), choice.bank));
    return true;
  }
  q.remove(choice.entry, request.row);
  serve(request, now);
  return true;
}

void Controller::serve(const Waiting& r, int64_t now) {
  send(column_command(r.write), r.bank, r.row, now);
  served_.last_column_clock = now;
  served_.data_end_clock = now + (r.write ? write_done_ : read_done_);
  if (r.write) {
    ++served_.writes;
    return;
  }
  if (read_sink_ != nullptr) read_sink_->read_ends(r.tag, served_.data_end_clock);
  ++served_.reads;
  served_.latency += served_.data_end_clock - r.accepted;
  served_.latency_from_arrival += static_cast<double>(served_.data_end_clock - r.arrived);
  served_.longest_latency = std::max(served_.longest_latency, served_.data_end_clock - r.accepted);
}

void Controller::send(Command command, int32_t bank, int64_t row, int64_t now) {
  readiness_.issue(command, bank, now);
  for (Resting& resting : resting_) {
    if (is_of_bank(command)) {
      resting.wake(bank);
    } else {
      resting.banks = 0;
    }
  }
  uint64_t closing = 0;
  if (command == Command::kAct) {
    open_ |= uint64_t{1} << bank;
    row_[bank] = row;
    since_act_[bank] = 0;
    reads_.opened(bank, row);
    writes_.opened(bank, row);
  } else if (is_column(command)) {
    if (since_act_[bank]++ > 0) ++served_.row_hits;
    if (is_automatic(command)) closing = uint64_t{1} << bank;
  } else if (command == Command::kPre) {
    closing = uint64_t{1} << bank;
  } else if (command == Command::kPrea) {
    closing = open_ & ranks_[static_cast<std::size_t>(rules_.rank_of(bank))].banks;
  }
  open_ &= ~closing;
  for (; closing != 0; closing &= closing - 1) {
    reads_.closed(lowest(closing));
    writes_.closed(lowest(closing));
  }
  // Refreshes and commands on the way to sleep are no work.
  const bool work = command == Command::kAct || is_column(command);
  if (managed_ && work) ranks_[static_cast<std::size_t>(rules_.rank_of(bank))].idle_since = now + 1;
  sink_.add({now, command, bank, row});
}

}  // namespace eden
