#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "csrc/core/counts/command_counts.h"
#include "csrc/core/fields/fields.h"
#include "csrc/core/timing/command.h"
#include "csrc/core/timing/memory.h"

namespace eden {

// How the cycles of a trace are counted. DRAMPower 4.0 counts some twice: a PRE of a closed bank
// sets the clock from which all banks are closed, also back into a refresh, and one bank fewer is
// then taken for open. Both agree on traces without such a PRE.
enum class Counting { kEachClockOnce, kDramPower4 };

// "once" or "drampower4"; throws std::invalid_argument for another name.
Counting counting(const std::string& name);

// What one rank did: commands, and the clocks in each of its states.
struct TraceCounts {
  int64_t activates = 0;
  int64_t precharges = 0;  // of open banks, one each also for PREA and after RDA
  int64_t reads = 0;
  int64_t writes = 0;
  int64_t refreshes = 0;
  int64_t bank_refreshes = 0;
  int64_t active_cycles = 0;
  int64_t precharged_cycles = 0;
  // In power-down, and of coming back from it; the latter lie in the cycles above too.
  int64_t power_downs = 0;
  int64_t active_fast_cycles = 0;
  int64_t active_slow_cycles = 0;
  int64_t precharged_fast_cycles = 0;
  int64_t precharged_slow_cycles = 0;
  int64_t active_power_up_cycles = 0;
  int64_t precharged_power_up_cycles = 0;
  // In self-refresh, which begins with a refresh: of it within, and of it after an early exit.
  int64_t self_refreshes = 0;
  int64_t self_refresh_cycles = 0;
  int64_t entry_active_cycles = 0;
  int64_t entry_precharged_cycles = 0;
  int64_t exit_active_cycles = 0;
  int64_t exit_precharged_cycles = 0;
  int64_t self_refresh_power_up_cycles = 0;  // lie in the precharged cycles too
  int64_t length = 0;                        // clocks, to the end of the last command
};

template <>
struct FieldsOf<TraceCounts> {
  using T = TraceCounts;
  static constexpr double kMost = 9e18;
  static constexpr Field<T> list[] = {
      {"activates", &T::activates, 0, kMost},
      {"precharges", &T::precharges, 0, kMost},
      {"reads", &T::reads, 0, kMost},
      {"writes", &T::writes, 0, kMost},
      {"refreshes", &T::refreshes, 0, kMost},
      {"bank_refreshes", &T::bank_refreshes, 0, kMost},
      {"active_cycles", &T::active_cycles, 0, kMost},
      {"precharged_cycles", &T::precharged_cycles, 0, kMost},
      {"power_downs", &T::power_downs, 0, kMost},
      {"active_fast_cycles", &T::active_fast_cycles, 0, kMost},
      {"active_slow_cycles", &T::active_slow_cycles, 0, kMost},
      {"precharged_fast_cycles", &T::precharged_fast_cycles, 0, kMost},
      {"precharged_slow_cycles", &T::precharged_slow_cycles, 0, kMost},
      {"active_power_up_cycles", &T::active_power_up_cycles, 0, kMost},
      {"precharged_power_up_cycles", &T::precharged_power_up_cycles, 0, kMost},
      {"self_refreshes", &T::self_refreshes, 0, kMost},
      {"self_refresh_cycles", &T::self_refresh_cycles, 0, kMost},
      {"entry_active_cycles", &T::entry_active_cycles, 0, kMost},
      {"entry_precharged_cycles", &T::entry_precharged_cycles, 0, kMost},
      {"exit_active_cycles", &T::exit_active_cycles, 0, kMost},
      {"exit_precharged_cycles", &T::exit_precharged_cycles, 0, kMost},
      {"self_refresh_power_up_cycles", &T::self_refresh_power_up_cycles, 0, kMost},
      {"length", &T::length, 0, kMost},
  };
};

// What one bank did.
struct BankCounts {
  int64_t activates = 0;
  int64_t precharges = 0;
  int64_t reads = 0;
  int64_t writes = 0;
  int64_t open_cycles = 0;
};

template <>
struct FieldsOf<BankCounts> {
  static constexpr double kMost = 9e18;
  static constexpr Field<BankCounts> list[] = {
      {"activates", &BankCounts::activates, 0, kMost},
      {"precharges", &BankCounts::precharges, 0, kMost},
      {"reads", &BankCounts::reads, 0, kMost},
      {"writes", &BankCounts::writes, 0, kMost},
      {"open_cycles", &BankCounts::open_cycles, 0, kMost},
  };
};

// Counts the commands of one rank as they come, in constant memory.
class RankCounter {
 public:
  RankCounter(const Memory& memory, Counting counting);

  // In order of their clocks; `bank` within the rank. Throws std::invalid_argument where commands
  // of no memory would have a bank close by itself many times at once.
  void add(int64_t clock, Command command, int32_t bank);
  // After the last command: the clock at which it is complete, 0 where there was none.
  int64_t complete();
  // After the last command: the time until it is complete, and on as it then is until a clock.
  void finish(int64_t until = 0);

  const TraceCounts& counts() const { return n_; }
  const std::vector<BankCounts>& banks() const { return banks_; }

 private:
  // A bank closes by itself: after RDA or WRA, or once it is refreshed.
  struct Closing {
    int64_t clock;
    int32_t bank;
    bool counted;
  };

  void close_until(int64_t clock);
  void activate(int64_t clock, int32_t bank, bool counted);
  void precharge(int64_t clock, int32_t bank, bool counted);
  void precharge_all(int64_t clock);
  void refresh(int64_t clock);
  void power_down(int64_t clock, Command command);
  void power_up(int64_t clock);
  void leave_self_refresh(int64_t clock);
  void close_later(int64_t clock, Command command, int32_t bank);
  void will_close(Closing closing);
  void all_closed_until(int64_t clock);
  void some_open_until(int64_t clock);
  void rest_until(int64_t clock);
  void last_closes(int64_t clock);
  void mark_closed(int64_t clock, int32_t bank, bool counted);
  bool open(int32_t bank) const { return (open_ >> bank & 1) != 0; }
  bool rests() const { return is_power_down(mode_) || mode_ == Command::kSre; }

  struct CountedClocks {
    int64_t bl, cl, cwl, rcd, rp, ras, wr, rtp, rfc, rfcb, xp, xpdll, xs, xsdll;
  };
  CountedClocks c_;
  bool drampower4_;
  bool dll_;            // a slow exit waits for it
  int64_t read_close_;  // from RDA to its precharge, tRAS apart
  int64_t write_close_;

  TraceCounts n_;
  std::vector<BankCounts> banks_;
  std::vector<int64_t> act_;
  std::vector<Closing> closing_;  // in order of clocks
  uint64_t open_ = 0;
  int64_t open_banks_ = 0;
  int64_t first_act_ = 0;  // since when some bank is open
  int64_t closed_at_ = 0;  // since when all are closed
  int64_t entered_ = 0;    // power-down or self-refresh
  Command mode_ = Command::kPdx;
  bool was_active_ = false;
  int64_t end_ = 0;
  Command last_ = Command::kRef;
  bool any_ = false;
};

}  // namespace eden
