#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "csrc/core/processor/access.h"
#include "csrc/core/processor/cache.h"
#include "csrc/core/processor/memory_port.h"
#include "csrc/core/processor/pages.h"
#include "csrc/core/processor/parameters.h"
#include "csrc/core/processor/prefetcher.h"

namespace eden {

// What cores did between two barriers.
struct Ran {
  double cycles = 0;          // until the last core was done
  double compute_cycles = 0;  // of the longest core, were all data in its first cache
  double accesses = 0;
  std::array<double, kKinds> read_bytes{};  // from DRAM, prefetched ones included
  std::array<double, kKinds> written_bytes{};
};

// Cores, their caches and the DRAM behind them. Caches live on from run to run.
//
// A core goes on until a load waits `window` instructions behind, or until as many lines as it may
// have in flight are. Stores wait for nothing but room. A line that misses everywhere goes into all
// levels; what leaves one dirty goes to the next. Cores do not see each other's writes before they
// reach the shared cache: the kernels here write apart.
class Machine : private ReadSink {
 public:
  Machine(const Processor& processor, uint64_t memory_bytes);

  // Units of each core's work, from `first` to before `last`.
  struct UnitRange {
    const CoreWork* work = nullptr;
    int64_t first = 0;
    int64_t last = 0;
  };
  // Runs them through the caches alone, to warm them.
  void warm(const std::vector<UnitRange>& of_cores);
  // Runs them before a memory that is idle at first.
  Ran run(const std::vector<UnitRange>& of_cores, MemoryPort& memory, double memory_clock_seconds);
  // Who learns when reads end, for the memory of `run`.
  ReadSink& ends() { return *this; }

 private:
  static constexpr double kUnknown = 1e300;
  static constexpr uint64_t kRing = 2 * kMostInFlight;  // its tags are of 16 bits
  struct PendingLoad {
    int64_t instruction;
    uint64_t request;  // kNone: ends at `done`
    double done;
  };
  static constexpr uint64_t kNone = ~uint64_t{0};
  struct Core {
    Core(const Processor& p);
    Cache l1, l2;
    Prefetcher prefetcher;
    double time = 0;
    double computed = 0;
    int64_t instruction = 0, target = 0;  // begun, and that of access `at`
    std::deque<PendingLoad> loads;        // that may still wait, in order
    PendingLoad last_load{0, kNone, 0};
    std::vector<uint64_t> misses, prefetches;  // in flight
    UnitRange range;
    std::vector<Access> buffer;
    std::size_t at = 0;
    bool begun = false;    // the work before access `at` is done
    bool blocked = false;  // until one of its requests ends, or that of `waits_for`
    uint64_t waits_for = kNone;
    bool finished = true;
  };
  struct Request {
    double done = 0;
    double last = 0;  // of its bursts that ended
    int32_t owner = 0;
    int32_t bursts = 0;  // that did not end
  };

  void start(const std::vector<UnitRange>& of_cores);
  bool refill(Core& core);
  // Goes on with a core until it blocks or its time passes a limit.
  void go(int32_t core, double limit);
  bool step(Core& core, int32_t index);
  bool look_up(Core& core, int32_t index, const Access& access);
  void prefetch(Core& core, int32_t index, uint64_t line, Kind kind);
  void write_back(Core& core, const Cache::Victim& victim, int level);
  void fill(Core& core, uint64_t line, Kind kind, bool write, int first_level);
  void remember(Core& core, double done, uint64_t request);
  uint64_t fetch(int32_t index, double at, uint64_t line, Kind kind);
  // Whether there is room for one more; may move the core on to when there is.
  bool room(std::vector<uint64_t>& flying, int64_t most, Core& core, bool wait);
  bool wait_for(Core& core, const PendingLoad& load);
  double done_of(const PendingLoad& load) const;
  void read_ends(uint16_t tag, int64_t clock) override;

  Processor p_;
  int line_shift_ = 0;
  Pages pages_;
  Cache shared_;
  std::vector<Core> cores_;
  std::vector<Request> requests_;  // [kRing]
  uint64_t next_request_ = 0;
  struct Flying {
    uint64_t line = ~uint64_t{0};
    uint64_t request = 0;
  };
  std::vector<Flying> flying_;  // by line: the last request of it
  std::vector<uint64_t> to_fetch_;
  MemoryPort* memory_ = nullptr;
  double cycles_per_clock_ = 1;
  double memory_cycles_ = 0;
  Ran ran_;
};

}  // namespace eden
