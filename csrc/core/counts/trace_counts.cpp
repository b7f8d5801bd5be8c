#include "csrc/core/counts/trace_counts.h"

#include <algorithm>
#include <string>

namespace eden {

Counting counting(const std::string& name) {
  if (name == "once") return Counting::kEachClockOnce;
  if (name == "drampower4") return Counting::kDramPower4;
  refuse("", "counting", shown_text(name), "once, drampower4");
}

RankCounter::RankCounter(const Memory& m, Counting counting)
    : drampower4_(counting == Counting::kDramPower4), dll_(m.standard.rfind("LPDDR", 0) != 0) {
  const auto of = [&m](const char* key) { return m.clocks_of(key); };
  const auto or_none = [&m](const char* key) { return m.clocks_or(key, 0); };
  c_ = {of("BL"),       of("CL"),          of("CWL"),      of("tRCD"),       of("tRP"),
        of("tRAS"),     of("tWR"),         of("tRTP"),     of("tRFC"),       or_none("tRFCpb"),
        or_none("tXP"), or_none("tXPDLL"), or_none("tXS"), or_none("tXSDLL")};
  read_close_ = c_.rtp;
  write_close_ = c_.cwl + c_.bl + c_.wr;
  if (drampower4_) {
    // That tool's own times of an automatic precharge.
    if (m.standard == "DDR3") read_close_ = std::max<int64_t>(c_.rtp, 4);
    if (m.standard == "LPDDR3") read_close_ = c_.bl + std::max<int64_t>(0, c_.rtp - 4);
    if (m.standard == "LPDDR3") ++write_close_;
  }
  const auto banks = static_cast<std::size_t>(m.organisation.banks_per_rank());
  banks_.resize(banks);
  act_.assign(banks, 0);
}

void RankCounter::all_closed_until(int64_t clock) {
  n_.precharged_cycles += std::max<int64_t>(0, clock - closed_at_);
}

void RankCounter::some_open_until(int64_t clock) {
  n_.active_cycles += std::max<int64_t>(0, clock - first_act_);
}

void RankCounter::rest_until(int64_t clock) {
  const int64_t spent = std::max<int64_t>(0, clock - entered_);
  const bool slow = mode_ == Command::kPds;
  if (was_active_) {
    (slow ? n_.active_slow_cycles : n_.active_fast_cycles) += spent;
  } else {
    (slow ? n_.precharged_slow_cycles : n_.precharged_fast_cycles) += spent;
  }
}

void RankCounter::last_closes(int64_t clock) {
  if (!drampower4_ && is_power_down(mode_) && was_active_) {
    // By itself, as after RDA: the rank sleeps on with all rows closed.
    rest_until(clock);
    entered_ = clock;
    was_active_ = false;
  } else {
    some_open_until(clock);
  }
  closed_at_ = clock;
}

void RankCounter::mark_closed(int64_t clock, int32_t bank, bool counted) {
  const auto b = static_cast<std::size_t>(bank);
  open_ &= ~(uint64_t{1} << bank);
  banks_[b].open_cycles += clock - act_[b];
  if (!counted) return;
  ++banks_[b].precharges;
  ++n_.precharges;
}

void RankCounter::activate(int64_t clock, int32_t bank, bool counted) {
  if (counted) {
    ++n_.activates;
    ++banks_[static_cast<std::size_t>(bank)].activates;
  }
  if (open_banks_ == 0) {
    first_act_ = clock;
    all_closed_until(clock);
  }
  act_[static_cast<std::size_t>(bank)] = clock;
  open_ |= uint64_t{1} << bank;
  ++open_banks_;
}

void RankCounter::precharge(int64_t clock, int32_t bank, bool counted) {
  if (open(bank)) {
    mark_closed(clock, bank, counted);
  } else if (!drampower4_) {
    return;
  }
  if (open_banks_ == 1) {
    last_closes(clock);
  } else if (open_banks_ == 0) {
    all_closed_until(clock);
    closed_at_ = clock;
  }
  open_banks_ = std::max<int64_t>(0, open_banks_ - 1);
}

void RankCounter::precharge_all(int64_t clock) {
  if (!drampower4_ && open_ == 0) return;
  if (open_banks_ > 0) {
    last_closes(clock);
  } else {
    all_closed_until(clock);
  }
  // DRAMPower takes its count of open banks, which a PRE of a closed one has lowered.
  const int64_t counted = n_.precharges + open_banks_;
  for (int32_t bank = 0; open_ != 0; ++bank) {
    if (open(bank)) mark_closed(clock, bank, true);
  }
  if (drampower4_) n_.precharges = counted;
  closed_at_ = clock;
  open_banks_ = 0;
}

void RankCounter::refresh(int64_t clock) {
  ++n_.refreshes;
  first_act_ = clock;
  all_closed_until(clock);
  closed_at_ = clock + c_.rfc - c_.rp;
  n_.active_cycles += c_.rfc - c_.rp;
  for (int32_t bank = 0; open_ != 0; ++bank) {
    if (open(bank)) mark_closed(clock, bank, false);
  }
  open_banks_ = 0;
}

void RankCounter::close_later(int64_t clock, Command command, int32_t bank) {
  const int64_t after = is_read(command) ? read_close_ : write_close_;
  const int64_t at = std::max(clock + after, act_[static_cast<std::size_t>(bank)] + c_.ras);
  will_close({at, bank, true});
}

void RankCounter::will_close(Closing closing) {
  // A bank closes once at a time; commands that break this are counted, but not without end.
  if (closing_.size() >= 16 * banks_.size()) {
    refuse("", "number of automatic precharges to come in a rank", closing_.size(),
           "one for each of its " + std::to_string(banks_.size()) + " banks");
  }
  const auto later = [](const Closing& a, const Closing& b) { return a.clock < b.clock; };
  closing_.insert(std::upper_bound(closing_.begin(), closing_.end(), closing, later), closing);
}

void RankCounter::close_until(int64_t clock) {
  while (!closing_.empty() && closing_.front().clock <= clock) {
    const Closing c = closing_.front();
    closing_.erase(closing_.begin());
    end_ = c.clock;
    last_ = Command::kPre;
    precharge(c.clock, c.bank, c.counted);
  }
}

void RankCounter::power_down(int64_t clock, Command command) {
  ++n_.power_downs;
  mode_ = command;
  entered_ = clock;
  was_active_ = open_banks_ > 0;
  if (was_active_) {
    some_open_until(clock);
  } else {
    all_closed_until(clock);
    // A refresh that has not ended counts as active until then.
    if (!drampower4_) entered_ = std::max(clock, closed_at_);
  }
}

void RankCounter::power_up(int64_t clock) {
  // A slow exit waits for the DLL, but for the time that opening a row takes anyway.
  const bool slow = mode_ == Command::kPds;
  const int64_t up = slow && dll_ ? std::max<int64_t>(0, c_.xpdll - c_.rcd) : c_.xp;
  rest_until(clock);
  if (was_active_) {
    n_.active_power_up_cycles += up;
    first_act_ = clock;
  } else {
    n_.precharged_power_up_cycles += up;
    closed_at_ = drampower4_ ? clock : std::max(closed_at_, clock);
  }
  mode_ = Command::kPdx;
}

void RankCounter::leave_self_refresh(int64_t clock) {
  const int64_t spent = clock - entered_;
  const int64_t refreshing = c_.rfc - c_.rp;
  int64_t rest_active = 0, rest_closed = 0;  // of a refresh that has not ended yet
  if (spent >= c_.rfc) {
    n_.self_refresh_cycles += spent - c_.rfc;
    n_.entry_active_cycles += refreshing;
    n_.entry_precharged_cycles += c_.rp;
  } else if (spent > refreshing) {
    n_.entry_active_cycles += refreshing;
    n_.entry_precharged_cycles += spent - refreshing;
    rest_closed = c_.rfc - spent;
  } else {
    n_.entry_active_cycles += spent;
    rest_active = drampower4_ ? c_.rfc - spent : refreshing - spent;
    rest_closed = c_.rp;
  }
  n_.exit_active_cycles += rest_active;
  n_.exit_precharged_cycles += rest_closed;
  const int64_t up = dll_ ? c_.xsdll - c_.rcd : c_.xs;
  n_.self_refresh_power_up_cycles += std::max<int64_t>(0, up - rest_active - rest_closed);
  closed_at_ = clock + rest_active + rest_closed;
  mode_ = Command::kPdx;
}

void RankCounter::add(int64_t clock, Command command, int32_t bank) {
  if (!closing_.empty()) close_until(clock);
  any_ = true;
  end_ = clock;
  last_ = command;
  switch (command) {
    case Command::kAct:
      activate(clock, bank, true);
      break;
    case Command::kRd:
    case Command::kRda:
      ++n_.reads;
      ++banks_[static_cast<std::size_t>(bank)].reads;
      if (command == Command::kRda) close_later(clock, command, bank);
      break;
    case Command::kWr:
    case Command::kWra:
      ++n_.writes;
      ++banks_[static_cast<std::size_t>(bank)].writes;
      if (command == Command::kWra) close_later(clock, command, bank);
      break;
    case Command::kPre:
      precharge(clock, bank, true);
      break;
    case Command::kPrea:
      precharge_all(clock);
      break;
    case Command::kRef:
      refresh(clock);
      break;
    case Command::kRefb:
      ++n_.bank_refreshes;
      activate(clock, bank, false);
      will_close({clock + std::max<int64_t>(1, c_.rfcb - c_.rp), bank, false});
      break;
    case Command::kPde:
    case Command::kPds:
      power_down(clock, command);
      break;
    case Command::kPdx:
      power_up(clock);
      break;
    case Command::kSre:
      ++n_.self_refreshes;
      all_closed_until(clock);
      entered_ = clock;
      mode_ = command;
      break;
    case Command::kSrx:
      leave_self_refresh(clock);
      break;
  }
}

int64_t RankCounter::complete() {
  close_until(INT64_MAX);
  if (!any_) return 0;
  int64_t done = 0;
  if (is_read(last_)) done = c_.cl + c_.bl + 1;
  if (is_write(last_)) done = c_.cwl + c_.bl + c_.wr;
  if (last_ == Command::kAct) done = c_.rcd;
  if (last_ == Command::kPre || last_ == Command::kPrea) done = c_.rp;
  // What lies down with the last command has not rested yet.
  const int64_t complete = end_ + done - 1;
  return std::max<int64_t>(0, rests() ? std::max(entered_, complete) : complete);
}

void RankCounter::finish(int64_t until) {
  const int64_t stop = std::max(complete(), until);
  if (!any_ && stop == 0) return;
  n_.length = stop;
  if (rests()) {
    const TraceCounts before = n_;
    if (mode_ == Command::kSre) {
      leave_self_refresh(stop);
      n_.self_refresh_power_up_cycles = before.self_refresh_power_up_cycles;
    } else {
      power_up(stop);
      n_.active_power_up_cycles = before.active_power_up_cycles;
      n_.precharged_power_up_cycles = before.precharged_power_up_cycles;
    }
  } else if (open_banks_ > 0) {
    some_open_until(stop);
  } else {
    all_closed_until(stop);
  }
  for (std::size_t bank = 0; bank < banks_.size(); ++bank) {
    if (open(static_cast<int32_t>(bank))) banks_[bank].open_cycles += stop - act_[bank];
  }
}

}  // namespace eden
