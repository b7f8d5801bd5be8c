#include "csrc/core/timing/readiness.h"

namespace eden {

Readiness::Readiness(const Rules& rules)
    : rules_(rules), ranks_(rules.banks() / rules.banks_per_rank()) {
  const auto nodes = [](int32_t n) { return static_cast<std::size_t>(n) * kCommands; };
  bank_.assign(nodes(rules.banks()), kNever);
  group_.assign(nodes(rules.group_of(rules.banks() - 1) + 1), kNever);
  rank_.assign(nodes(ranks_), kNever);
  for (int32_t rank = 0; rank < ranks_; ++rank) {
    for (const int64_t length : rules.histories()) {
      histories_.push_back({std::vector<int64_t>(static_cast<std::size_t>(length), kNever), 0});
    }
  }
}

int64_t Readiness::earliest(Command c, int32_t rank, uint64_t banks) const {
  const auto i = static_cast<std::size_t>(c);
  int64_t clock = rank_[at(rank, i)];
  // What a bank waits for before a PRE, it waits for before the PREA that stands for it.
  const auto as = static_cast<std::size_t>(c == Command::kPrea ? Command::kPre : c);
  const int32_t first = rank * rules_.banks_per_rank();
  for (int32_t bank = first; bank < first + rules_.banks_per_rank(); ++bank) {
    if ((banks >> bank & 1) == 0) continue;
    clock = std::max(clock, std::max(bank_[at(bank, as)], group_[at(rules_.group_of(bank), as)]));
  }
  return clock;
}

void Readiness::remember(int32_t rank, const std::vector<Rules::Window>& windows, int64_t clock) {
  for (const Rules::Window& w : windows) {
    const auto index = static_cast<std::size_t>(rank) * rules_.histories().size() + w.history;
    History& h = histories_[index];
    h.clocks[h.next] = clock;
    h.next = h.next + 1 == h.clocks.size() ? 0 : h.next + 1;
    int64_t& ready = rank_[at(rank, static_cast<std::size_t>(w.next))];
    ready = std::max(ready, h.clocks[h.next] + w.clocks);
  }
}

void Readiness::issue(Command c, int32_t bank, int64_t clock) {
  const int32_t rank = rules_.rank_of(bank);
  if (is_of_bank(c)) {
    raise(&bank_[at(bank, 0)], rules_.bank_effects(c, bank), clock);
    raise(&group_[at(rules_.group_of(bank), 0)], rules_.effects(Scope::kGroup, c), clock);
  } else {
    const int32_t first = rank * rules_.banks_per_rank();
    for (int32_t b = first; b < first + rules_.banks_per_rank(); ++b) {
      raise(&bank_[at(b, 0)], rules_.bank_effects(c, b), clock);
    }
  }
  raise(&rank_[at(rank, 0)], rules_.effects(Scope::kRank, c), clock);
  if (!rules_.windows(c).empty()) remember(rank, rules_.windows(c), clock);
  for (int32_t other = 0; other < ranks_; ++other) {
    raise(&rank_[at(other, 0)], rules_.effects(Scope::kChannel, c), clock);
    if (other != rank) raise(&rank_[at(other, 0)], rules_.effects(Scope::kOthers, c), clock);
  }
}

}  // namespace eden
