#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "csrc/core/timing/readiness.h"
#include "csrc/core/timing/rules.h"

namespace eden {

// A command that its memory does not allow.
struct Violation {
  int64_t index = 0;  // in the trace
  Issued command;
  std::string rule;         // what it breaks
  int64_t from_clock = -1;  // when it would be allowed; -1: waiting does not help
};

// "clock 12: RD to bank 3: tRCD ...", one line.
std::string said(const Violation& violation);

// Holds a trace of commands against the rules, one command after the other, in constant memory.
class Checker {
 public:
  // Keeps the first `limit` violations. Without refresh, none are missed.
  Checker(const Rules& rules, bool refresh = true, std::size_t limit = 10);

  // Commands that break a rule are taken as sent all the same.
  void add(const Issued& command);
  // After the last command: whether refreshes are missing. JEDEC lets eight be postponed.
  void finish();

  const std::vector<Violation>& violations() const { return violations_; }
  int64_t count() const { return count_; }

 private:
  void refuse(const Issued& c, const std::string& rule, int64_t from = -1);
  void check_state(const Issued& c);
  void check_power(const Issued& c);
  void check_clocks(const Issued& c);
  std::string broken(const Issued& c) const;
  void note(const Issued& c);
  uint64_t banks_of(const Issued& c) const;
  bool open(int32_t bank) const { return (open_ >> bank & 1) != 0; }

  const Rules& rules_;
  bool refresh_;
  std::size_t limit_;
  Readiness readiness_;
  uint64_t open_ = 0;
  uint64_t rank_mask_;              // of the first rank
  std::vector<int64_t> row_;        // [banks]
  std::vector<PowerState> power_;   // [ranks]
  std::vector<int64_t> refreshes_;  // [ranks], in clocks of REF that were worked off
  std::vector<int64_t> excused_;    // [ranks], clocks in self-refresh
  std::vector<int64_t> entered_;    // [ranks]
  // Last clocks of each command, by bank; of a rank's under its first bank.
  std::vector<int64_t> last_;  // [banks * commands]
  int64_t last_clock_ = kNever;
  int64_t index_ = 0;
  int64_t count_ = 0;
  std::vector<Violation> violations_;
};

}  // namespace eden
