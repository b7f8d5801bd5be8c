#include "csrc/core/timing/rules.h"

#include <algorithm>
#include <set>
#include <utility>

#include "csrc/core/devices/json_text.h"
#include "csrc/core/fields/fields.h"

namespace eden {

Rules::Rules(Memory memory, Standard standard)
    : memory_(std::move(memory)), standard_(std::move(standard)) {
  if (memory_.standard != standard_.name) {
    refuse("", "standard of " + memory_.name, memory_.standard,
           standard_.name + ", as the table says");
  }
  const Organisation& o = memory_.organisation;
  banks_ = static_cast<int32_t>(o.banks());
  banks_per_rank_ = static_cast<int32_t>(o.banks_per_rank());
  while ((1 << rank_shift_) < banks_per_rank_) ++rank_shift_;
  while ((1 << group_shift_) < o.banks_per_group) ++group_shift_;
  bank_effects_.resize(static_cast<std::size_t>(banks_ * kCommands));
  for (auto& of_scope : effects_) of_scope.resize(kCommands);
  windows_.resize(kCommands);
  std::set<std::string> asked;
  for (std::size_t i = 0; i < standard_.constraints.size(); ++i) {
    const Constraint& c = standard_.constraints[i];
    std::vector<int64_t> clocks;
    for (int32_t bank = 0; bank < banks_; ++bank) {
      const int64_t of = c.scope == Scope::kBank ? bank : -1;
      clocks.push_back(c.clocks.value([&](const std::string& name, bool optional) {
        asked.insert(name);
        return optional && memory_.clocks.count(name) == 0 ? 0 : memory_.clocks_of(name, of);
      }));
    }
    for (const Command previous : c.previous) {
      for (const Command next : c.next) {
        rules_.push_back({previous, next, c.scope, c.window, i, clocks});
        compile(rules_.back());
      }
    }
  }
  // A misspelt tXP would else be a power-down that costs nothing to leave.
  for (const auto& [name, clocks] : memory_.clocks) {
    if (is_clock(name) || asked.count(name) != 0) continue;
    refuse(memory_.name + ": ", "clocks." + shown_key(name), "unknown",
           "the timings that docs/dram.md and the table of " + standard_.name + " name");
  }
}

std::string Rules::said(const Rule& rule) const {
  const Constraint& c = standard_.constraints[rule.constraint];
  std::string text = std::string(name_of(rule.previous)) + " to " + name_of(rule.next) + ", " +
                     name_of(rule.scope) + ": " + c.clocks.text();
  if (rule.window > 1) text += " over " + std::to_string(rule.window);
  return text;
}

void Rules::compile(const Rule& rule) {
  const auto next = static_cast<int32_t>(rule.next);
  const auto previous = static_cast<std::size_t>(rule.previous);
  // The later of two for the same pair is all that is ever waited for.
  const auto add = [next](std::vector<Effect>& effects, int64_t clocks) {
    for (Effect& e : effects) {
      if (e.next != next) continue;
      e.clocks = std::max(e.clocks, clocks);
      return;
    }
    effects.push_back({next, clocks});
  };
  if (rule.window > 1) {
    windows_[previous].push_back({next, rule.clocks[0], histories_.size()});
    histories_.push_back(rule.window);
  } else if (rule.scope == Scope::kBank) {
    for (int32_t bank = 0; bank < banks_; ++bank) {
      const auto at = static_cast<std::size_t>(bank * kCommands) + previous;
      add(bank_effects_[at], rule.clocks[static_cast<std::size_t>(bank)]);
    }
  } else {
    add(effects_[static_cast<std::size_t>(rule.scope)][previous], rule.clocks[0]);
  }
}

void check_burst(const Rules& rules) {
  const Organisation& o = rules.memory().organisation;
  const int64_t transfers = rules.standard().transfers, clocks = rules.memory().clocks_of("BL");
  const int64_t bits = o.chips * o.chip_width * transfers * clocks;
  if (bits == 8 * o.request_bytes) return;
  refuse("memory description: ", "a burst",
         std::to_string(bits) + " bits (" + std::to_string(o.chips) + " chips x " +
             std::to_string(o.chip_width) + " bits x " + std::to_string(transfers) +
             " transfers x " + std::to_string(clocks) + " clocks)",
         std::to_string(8 * o.request_bytes) +
             ", a request: chips, chip_width, BL and request_bytes that agree");
}

}  // namespace eden
