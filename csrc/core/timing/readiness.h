#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "csrc/core/timing/rules.h"

namespace eden {

// From which clock on each command may be sent, as commands are. It knows the constraints, not
// which banks are open.
class Readiness {
 public:
  explicit Readiness(const Rules& rules);

  // To one bank: ACT, PRE, RD and so on.
  int64_t earliest(Command c, int32_t bank) const {
    const auto i = static_cast<std::size_t>(c);
    return std::max(std::max(bank_[at(bank, i)], group_[at(rules_.group_of(bank), i)]),
                    rank_[at(rules_.rank_of(bank), i)]);
  }
  // As far as the rank itself says.
  int64_t earliest_of_rank(Command c, int32_t rank) const {
    return rank_[at(rank, static_cast<std::size_t>(c))];
  }
  // To a rank, whose banks a mask tells: PREA waits for those that are open.
  int64_t earliest(Command c, int32_t rank, uint64_t banks) const;

  // Says that a command was sent; one of a rank names its first bank.
  void issue(Command c, int32_t bank, int64_t clock);

 private:
  static std::size_t at(int32_t node, std::size_t command) {
    return static_cast<std::size_t>(node) * kCommands + command;
  }
  static void raise(int64_t* ready, const std::vector<Rules::Effect>& effects, int64_t clock) {
    for (const Rules::Effect& e : effects) {
      ready[e.next] = std::max(ready[e.next], clock + e.clocks);
    }
  }
  void remember(int32_t rank, const std::vector<Rules::Window>& windows, int64_t clock);

  const Rules& rules_;
  int32_t ranks_;
  std::vector<int64_t> bank_;   // [banks * commands]
  std::vector<int64_t> group_;  // [ranks * groups * commands]
  std::vector<int64_t> rank_;   // [ranks * commands]
  struct History {
    std::vector<int64_t> clocks;  // a ring
    std::size_t next = 0;
  };
  std::vector<History> histories_;  // [ranks * histories]
};

}  // namespace eden
