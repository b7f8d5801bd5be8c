#include "csrc/core/timing/check.h"

#include <algorithm>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

constexpr int64_t kPostponed = 8;

}  // namespace

std::string said(const Violation& v) {
  const Issued& c = v.command;
  std::string text = "command " + std::to_string(v.index + 1) + ", clock " +
                     std::to_string(c.clock) + ": " + name_of(c.command);
  if (is_of_bank(c.command)) text += " to bank " + std::to_string(c.bank);
  text += ": " + v.rule;
  if (v.from_clock >= 0) text += "; accepted from clock " + std::to_string(v.from_clock);
  return text;
}

Checker::Checker(const Rules& rules, bool refresh, std::size_t limit)
    : rules_(rules), refresh_(refresh), limit_(limit), readiness_(rules) {
  const auto banks = static_cast<std::size_t>(rules.banks());
  const auto ranks = banks / static_cast<std::size_t>(rules.banks_per_rank());
  rank_mask_ =
      rules.banks_per_rank() == 64 ? ~uint64_t{0} : (uint64_t{1} << rules.banks_per_rank()) - 1;
  row_.assign(banks, -1);
  power_.assign(ranks, PowerState::kUp);
  refreshes_.assign(ranks, 0);
  excused_.assign(ranks, 0);
  entered_.assign(ranks, 0);
  last_.assign(banks * kCommands, kNever);
}

uint64_t Checker::banks_of(const Issued& c) const {
  return is_of_bank(c.command) ? uint64_t{1} << c.bank
                               : rank_mask_ << (rules_.rank_of(c.bank) * rules_.banks_per_rank());
}

void Checker::refuse(const Issued& c, const std::string& rule, int64_t from) {
  ++count_;
  if (violations_.size() < limit_) violations_.push_back({index_, c, rule, from});
}

void Checker::check_power(const Issued& c) {
  const PowerState power = power_[static_cast<std::size_t>(rules_.rank_of(c.bank))];
  if (c.command == Command::kPdx) {
    if (power != PowerState::kDown) refuse(c, "the rank is not in power-down");
  } else if (c.command == Command::kSrx) {
    if (power != PowerState::kSelfRefresh) refuse(c, "the rank is not in self-refresh");
  } else if (power == PowerState::kDown) {
    refuse(c, "the rank is in power-down");
  } else if (power == PowerState::kSelfRefresh) {
    refuse(c, "the rank is in self-refresh");
  }
}

void Checker::check_state(const Issued& c) {
  check_power(c);
  if (c.command == Command::kAct && open(c.bank)) refuse(c, "the bank is open");
  if (is_column(c.command)) {
    const int64_t row = row_[static_cast<std::size_t>(c.bank)];
    if (!open(c.bank)) {
      refuse(c, "the bank is closed");
    } else if (c.row >= 0 && row >= 0 && c.row != row) {
      refuse(c, "row " + std::to_string(row) + " is open");
    }
  }
  const bool closed =
      c.command == Command::kRef || c.command == Command::kRefb || c.command == Command::kSre;
  if (closed && (open_ & banks_of(c)) != 0) refuse(c, "a bank is open");
  // Without it nothing would say how long the rank is out of use.
  const char* needed = is_power_down(c.command)      ? "tXP"
                       : c.command == Command::kSre  ? "tXS"
                       : c.command == Command::kRefb ? "tRFCpb"
                                                     : nullptr;
  if (needed != nullptr && rules_.memory().clocks_or(needed, 0) < 1) {
    refuse(c, std::string("the memory gives no ") + needed);
  }
}

void Checker::check_clocks(const Issued& c) {
  // Closing a bank that is closed waits for nothing; tRP counts from the last PRE all the same.
  if (c.command == Command::kPre && !open(c.bank)) return;
  const int64_t from = is_of_bank(c.command)
                           ? readiness_.earliest(c.command, c.bank)
                           : readiness_.earliest(c.command, rules_.rank_of(c.bank),
                                                 c.command == Command::kPrea ? open_ : banks_of(c));
  if (c.clock < from) refuse(c, broken(c), from);
}

// The rule that asks for the longest wait.
std::string Checker::broken(const Issued& c) const {
  const uint64_t banks = c.command == Command::kPrea ? open_ & banks_of(c) : banks_of(c);
  const Command as = c.command == Command::kPrea ? Command::kPre : c.command;
  int64_t most = kNever;
  std::string found = "the window of a standard's rule";
  const auto consider = [&](const Rules::Rule& rule, int64_t clock) {
    if (clock <= most) return;
    most = clock;
    found = rules_.said(rule);
  };
  for (const Rules::Rule& rule : rules_.rules()) {
    if (rule.window > 1 || (rule.next != c.command && rule.next != as)) continue;
    for (int32_t bank = 0; bank < rules_.banks(); ++bank) {
      const int64_t clock = last_[static_cast<std::size_t>(bank * kCommands) +
                                  static_cast<std::size_t>(rule.previous)];
      const bool same_rank = rules_.rank_of(bank) == rules_.rank_of(c.bank);
      const bool wide = !is_of_bank(rule.previous) && same_rank;
      for (int32_t to = 0; to < rules_.banks(); ++to) {
        if ((banks >> to & 1) == 0) continue;
        const bool applies = rule.scope == Scope::kBank ? bank == to || wide
                             : rule.scope == Scope::kGroup
                                 ? rules_.group_of(bank) == rules_.group_of(to)
                             : rule.scope == Scope::kRank   ? same_rank
                             : rule.scope == Scope::kOthers ? !same_rank
                                                            : true;
        if (applies && clock != kNever) {
          consider(rule, clock + rule.clocks[static_cast<std::size_t>(to)]);
        }
      }
    }
  }
  if (c.clock < most) return found;
  for (const Rules::Rule& rule : rules_.rules()) {
    if (rule.window > 1 && rule.next == c.command) return rules_.said(rule);
  }
  return found;
}

void Checker::note(const Issued& c) {
  const auto rank = static_cast<std::size_t>(rules_.rank_of(c.bank));
  const uint64_t banks = banks_of(c);
  switch (c.command) {
    case Command::kAct:
      open_ |= banks;
      row_[static_cast<std::size_t>(c.bank)] = c.row;
      break;
    case Command::kPre:
    case Command::kPrea:
    case Command::kRda:
    case Command::kWra:
      open_ &= ~banks;
      break;
    case Command::kRef:
      refreshes_[rank] += rules_.banks_per_rank();
      break;
    case Command::kRefb:
      refreshes_[rank] += 1;
      break;
    case Command::kPde:
    case Command::kPds:
      power_[rank] = PowerState::kDown;
      break;
    case Command::kSre:
      power_[rank] = PowerState::kSelfRefresh;
      entered_[rank] = c.clock;
      break;
    case Command::kSrx:
      if (power_[rank] == PowerState::kSelfRefresh) excused_[rank] += c.clock - entered_[rank];
      power_[rank] = PowerState::kUp;
      break;
    case Command::kPdx:
      power_[rank] = PowerState::kUp;
      break;
    default:
      break;
  }
}

void Checker::add(const Issued& c) {
  if (c.bank < 0 || c.bank >= rules_.banks()) {
    eden::refuse("", "bank", c.bank, "0 to " + std::to_string(rules_.banks() - 1));
  }
  if (c.clock == last_clock_) refuse(c, "two commands in one clock");
  if (c.clock < last_clock_) refuse(c, "time runs backwards");
  check_state(c);
  check_clocks(c);
  note(c);
  readiness_.issue(c.command, c.bank, c.clock);
  last_[static_cast<std::size_t>(c.bank * kCommands) + static_cast<std::size_t>(c.command)] =
      c.clock;
  last_clock_ = std::max(last_clock_, c.clock);
  ++index_;
}

void Checker::finish() {
  if (!refresh_ || index_ == 0) return;
  --index_;
  const int64_t interval = rules_.memory().clocks_of("tREFI");
  for (std::size_t rank = 0; rank < refreshes_.size(); ++rank) {
    int64_t excused = excused_[rank];
    if (power_[rank] == PowerState::kSelfRefresh) excused += last_clock_ - entered_[rank];
    const int64_t due = (last_clock_ - excused) / interval;
    const int64_t done = refreshes_[rank] / rules_.banks_per_rank();
    if (done + kPostponed + 1 >= due) continue;
    const auto first = static_cast<int32_t>(rank) * rules_.banks_per_rank();
    refuse({last_clock_, Command::kRef, first, -1},
           std::to_string(done) + " refreshes where " + std::to_string(due) + " were due (" +
               std::to_string(kPostponed) + " may be postponed)");
  }
  ++index_;
}

}  // namespace eden
