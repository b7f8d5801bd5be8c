#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "csrc/core/timing/memory.h"
#include "csrc/core/timing/standard.h"

namespace eden {

// Before any command.
constexpr int64_t kNever = INT64_MIN / 4;

// A standard's constraints with the clocks of one memory.
class Rules {
 public:
  // One constraint, from one command to another.
  struct Rule {
    Command previous;
    Command next;
    Scope scope;
    int64_t window;
    std::size_t constraint;       // of the standard
    std::vector<int64_t> clocks;  // [banks], of the bank that `next` goes to; equal beyond a bank
  };
  // What a command does to those after it.
  struct Effect {
    int32_t next;
    int64_t clocks;
  };
  struct Window {
    int32_t next;
    int64_t clocks;
    std::size_t history;  // which of a rank's
  };

  // Throws std::invalid_argument for a memory of another standard, or one that lacks a clock.
  Rules(Memory memory, Standard standard);

  const Memory& memory() const { return memory_; }
  const Standard& standard() const { return standard_; }
  const std::vector<Rule>& rules() const { return rules_; }
  // As the table has it: "tRRD_L", with the line that says so.
  std::string said(const Rule& rule) const;

  int32_t banks() const { return banks_; }
  int32_t banks_per_rank() const { return banks_per_rank_; }
  int32_t rank_of(int32_t bank) const { return bank >> rank_shift_; }
  int32_t group_of(int32_t bank) const { return bank >> group_shift_; }

  const std::vector<Effect>& bank_effects(Command c, int32_t bank) const {
    return bank_effects_[static_cast<std::size_t>(bank * kCommands + static_cast<int>(c))];
  }
  const std::vector<Effect>& effects(Scope scope, Command c) const {
    return effects_[static_cast<std::size_t>(scope)][static_cast<std::size_t>(c)];
  }
  const std::vector<Window>& windows(Command c) const {
    return windows_[static_cast<std::size_t>(c)];
  }
  // How many commands each history keeps.
  const std::vector<int64_t>& histories() const { return histories_; }

 private:
  void compile(const Rule& rule);

  Memory memory_;
  Standard standard_;
  int32_t banks_;
  int32_t banks_per_rank_;
  int rank_shift_ = 0;  // banks of a rank and of a group are powers of two
  int group_shift_ = 0;
  std::vector<Rule> rules_;
  std::vector<std::vector<Effect>> bank_effects_;  // [banks * commands]
  std::vector<std::vector<Effect>> effects_[5];    // [scope][commands]
  std::vector<std::vector<Window>> windows_;       // [commands]
  std::vector<int64_t> histories_;                 // [histories]
};

// Throws std::invalid_argument unless a burst of a described memory moves one request: energy is
// counted by bursts, so a shorter one would move the request at a fraction of its joules.
void check_burst(const Rules& rules);

}  // namespace eden
