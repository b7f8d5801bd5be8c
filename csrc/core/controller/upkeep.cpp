// What a controller does besides serving requests: refresh, power-down and self-refresh.

#include <algorithm>

#include "csrc/core/controller/controller.h"

namespace eden {

void Controller::count_due(Rank& rank, int64_t now) {
  if (policy_.refresh == Refresh::kNone || now < rank.next_refresh) return;
  const int64_t passed = (now - rank.next_refresh) / interval_ + 1;
  rank.next_refresh += passed * interval_;
  // In self-refresh the memory sees to it by itself.
  if (rank.power == PowerState::kSelfRefresh) return;
  rank.due += passed;
  any_due_ = true;
}

bool Controller::send_when_ready(Command c, Rank& rank, uint64_t banks, int64_t now,
                                 int64_t* wake) {
  const int64_t ready = readiness_.earliest(c, rules_.rank_of(rank.first), banks);
  if (ready > now) {
    *wake = std::min(*wake, ready);
    return false;
  }
  send(c, rank.first, -1, now);
  return true;
}

bool Controller::refresh_all(Rank& rank, int64_t now, int64_t* wake) {
  if ((active_mask_ & rank.banks) != 0) return false;
  const uint64_t open = open_ & rank.banks;
  if (open != 0) return send_when_ready(Command::kPrea, rank, open, now, wake);
  if (!send_when_ready(Command::kRef, rank, rank.banks, now, wake)) return false;
  --rank.due;
  return true;
}

bool Controller::refresh_bank(Rank& rank, int64_t now, uint64_t* blocked, int64_t* wake) {
  const int32_t bank = rank.first + rank.due_bank;
  *blocked |= uint64_t{1} << bank;
  if ((active_mask_ >> bank & 1) != 0) return false;
  const Command c = is_open(bank) ? Command::kPre : Command::kRefb;
  const int64_t ready = readiness_.earliest(c, bank);
  if (ready > now) {
    *wake = std::min(*wake, ready);
    return false;
  }
  send(c, bank, -1, now);
  if (c == Command::kRefb) {
    --rank.due;
    rank.due_bank = (rank.due_bank + 1) % rules_.banks_per_rank();
  }
  return true;
}

bool Controller::refresh(int64_t now, uint64_t* blocked, int64_t* wake) {
  any_due_ = false;
  for (Rank& rank : ranks_) {
    if (rank.due == 0) continue;
    any_due_ = true;
    if (rank.power != PowerState::kUp) continue;  // `power` wakes it
    if (policy_.refresh == Refresh::kPerBank) {
      if (refresh_bank(rank, now, blocked, wake)) return true;
    } else {
      *blocked |= rank.banks;
      if (refresh_all(rank, now, wake)) return true;
    }
  }
  return false;
}

bool Controller::wake_up(Rank& rank, int64_t now, int64_t* wake) {
  const bool down = rank.power == PowerState::kDown;
  const Command c = down ? Command::kPdx : Command::kSrx;
  if (!send_when_ready(c, rank, rank.banks, now, wake)) return false;
  rank.power = PowerState::kUp;
  if (!down && policy_.refresh != Refresh::kNone) {
    // JEDEC asks for one refresh more after self-refresh: its own may just have been due.
    rank.due += policy_.refresh == Refresh::kPerBank ? rules_.banks_per_rank() : 1;
    any_due_ = true;
  }
  return true;
}

// Of an idle rank: power-down first, self-refresh after a longer while.
bool Controller::lie_down(Rank& rank, int64_t now, int64_t* wake) {
  const auto after = [&](int64_t clocks) {
    if (clocks == 0) return false;
    if (now >= rank.idle_since + clocks) return true;
    *wake = std::min(*wake, rank.idle_since + clocks);
    return false;
  };
  if (after(policy_.self_refresh_clocks)) {
    if (rank.power == PowerState::kDown) return wake_up(rank, now, wake);
    const uint64_t open = open_ & rank.banks;
    if (open != 0) return send_when_ready(Command::kPrea, rank, open, now, wake);
    if (!send_when_ready(Command::kSre, rank, rank.banks, now, wake)) return false;
    rank.power = PowerState::kSelfRefresh;
    return true;
  }
  if (rank.power == PowerState::kDown || !after(policy_.power_down_clocks)) return false;
  // A refresh ends first: its clocks are not those of power-down.
  const int64_t refreshed = readiness_.earliest(Command::kRef, rules_.rank_of(rank.first), 0);
  if (refreshed > now) {
    *wake = std::min(*wake, refreshed);
    return false;
  }
  if (!send_when_ready(Command::kPde, rank, rank.banks, now, wake)) return false;
  rank.power = PowerState::kDown;
  return true;
}

bool Controller::power(int64_t now, uint64_t* blocked, int64_t* wake) {
  const uint64_t wanted = reads_.banks() | writes_.banks() | active_mask_;
  for (Rank& rank : ranks_) {
    const bool busy = (wanted & rank.banks) != 0;
    const bool due = rank.due > 0;
    if (busy) rank.idle_since = now;
    if (rank.power != PowerState::kUp && (busy || due)) {
      // What was sent to it is asleep until then.
      if (wake_up(rank, now, wake)) return true;
    } else if (!busy && !due && rank.power != PowerState::kSelfRefresh) {
      if (lie_down(rank, now, wake)) return true;
    }
    if (rank.power != PowerState::kUp) *blocked |= rank.banks;
  }
  return false;
}

}  // namespace eden
