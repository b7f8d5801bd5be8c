#pragma once

#include <cstdint>
#include <vector>

#include "csrc/core/controller/policy.h"
#include "csrc/core/controller/queue.h"
#include "csrc/core/timing/readiness.h"
#include "csrc/core/timing/rules.h"

namespace eden {

// Takes each command as it is sent, in order of clocks.
class CommandSink {
 public:
  virtual ~CommandSink() = default;
  virtual void add(const Issued& command) = 0;
};

// Takes the clock at which the last beat of a read's data is there, as soon as it is known: for who
// waits for the data before asking for more.
class ReadSink {
 public:
  virtual ~ReadSink() = default;
  virtual void read_ends(uint16_t tag, int64_t clock) = 0;
};

// What came of the requests of one channel.
struct Served {
  int64_t reads = 0;
  int64_t writes = 0;
  int64_t forwarded = 0;  // reads of a line that waited to be written, answered from there
  int64_t row_hits = 0;   // accesses for which no row was opened
  // Sums over the reads, in clocks, to the last beat of data.
  int64_t latency = 0;  // from acceptance
  // 10^9 requests that all arrive at once wait for more clocks than an integer holds.
  double latency_from_arrival = 0;
  int64_t longest_latency = 0;
  int64_t last_column_clock = 0;
  int64_t data_end_clock = 0;
};

// The controller of one channel: first ready, first come, with separate queues for reads and
// writes.
//
// In each clock at most one command is sent, and then at most one request accepted, in order of the
// trace. A request whose row was opened for it goes before all others, and keeps its row open; it
// no longer counts in its queue. A refresh that is due waits for those, and goes before the rest of
// its rank. A row is not closed while an older request of the queue wants it.
class Controller {
 public:
  // All must outlive it. Throws std::invalid_argument for a policy that the memory cannot follow.
  Controller(const Rules& rules, const Policy& policy, CommandSink& sink,
             ReadSink* reads = nullptr);

  // Accepts a request, at its arrival or as soon as there is room, and not before a clock; returns
  // when. Arrivals may not go back.
  int64_t offer(int64_t arrival, int64_t not_before, const Waiting& request);
  // Goes on to a clock, whether requests come or not.
  void advance(int64_t until);
  // Serves all that still waits, and is idle until a clock.
  void finish(int64_t until = 0);

  const Served& served() const { return served_; }

 private:
  struct Rank {
    uint64_t banks = 0;  // mask
    int32_t first = 0;
    int64_t next_refresh = 0;
    int64_t due = 0;  // refreshes
    int32_t due_bank = 0;
    PowerState power = PowerState::kUp;
    int64_t idle_since = 0;
  };
  // The oldest request that a command is ready for.
  struct ReadyRequest {
    int64_t order = INT64_MAX;
    int32_t entry = Queue::kNone;
    int32_t bank = 0;
    Command command = Command::kAct;

    void consider(int64_t age, Command c, int32_t to, int32_t index) {
      if (age < order) *this = {age, index, to, c};
    }
  };
  // Banks of a queue that none of their requests' commands is ready for before a clock. Clocks of
  // readiness only rise, so that this holds until a command or a request goes to the bank.
  struct Resting {
    uint64_t banks = 0;
    int64_t first = INT64_MAX;  // of their clocks, or before it
    int64_t until[kMostBanks];

    void rest(int32_t bank, int64_t clock) {
      banks |= uint64_t{1} << bank;
      until[bank] = clock;
      if (clock < first) first = clock;
    }
    void wake(int32_t bank) { banks &= ~(uint64_t{1} << bank); }
    void wake_until(int64_t now);
  };

  // Sends at most one command in a clock; returns the next clock in which one may be sent.
  int64_t step(int64_t now);
  bool serve_active(int64_t now);
  bool refresh(int64_t now, uint64_t* blocked, int64_t* wake);
  bool refresh_all(Rank& rank, int64_t now, int64_t* wake);
  bool refresh_bank(Rank& rank, int64_t now, uint64_t* blocked, int64_t* wake);
  bool power(int64_t now, uint64_t* blocked, int64_t* wake);
  bool wake_up(Rank& rank, int64_t now, int64_t* wake);
  bool lie_down(Rank& rank, int64_t now, int64_t* wake);
  void count_due(Rank& rank, int64_t now);
  bool serve_queue(int64_t now, uint64_t blocked, int64_t* wake);
  uint64_t held_back(uint64_t banks, int64_t now, int64_t* wake) const;
  int64_t look_at_bank(const Queue& q, int32_t bank, int64_t now, ReadyRequest* choice) const;
  void choose_queue();
  void send(Command command, int32_t bank, int64_t row, int64_t now);
  void serve(const Waiting& request, int64_t now);
  bool send_when_ready(Command c, Rank& rank, uint64_t banks, int64_t now, int64_t* wake);
  bool forwards(const Waiting& request) const;

  bool is_open(int32_t bank) const { return (open_ >> bank & 1) != 0; }
  int64_t open_row(int32_t bank) const { return is_open(bank) ? row_[bank] : -1; }
  Command column_command(bool write) const {
    if (policy_.page == Page::kClosed) return write ? Command::kWra : Command::kRda;
    return write ? Command::kWr : Command::kRd;
  }

  const Rules& rules_;
  Policy policy_;
  CommandSink& sink_;
  ReadSink* read_sink_;
  Readiness readiness_;
  int64_t read_done_, write_done_, interval_;
  Queue reads_, writes_;
  bool writing_ = false;
  bool managed_;  // refresh or power-down need looking after
  std::vector<Rank> ranks_;
  int64_t next_event_ = INT64_MAX;  // first clock at which a refresh is due
  bool any_due_ = false;
  uint64_t open_ = 0;
  uint64_t active_mask_ = 0;  // banks whose row was opened for a request that waits for it
  Waiting active_[kMostBanks];
  int64_t row_[kMostBanks];
  int64_t since_act_[kMostBanks];     // accesses to the open row
  int64_t active_ready_ = INT64_MAX;  // none of those requests is ready before
  Resting resting_[2];                // of reads and writes
  int64_t now_ = 0;                   // first clock in which nothing was sent yet
  int64_t last_accepted_ = -1;
  int64_t accepted_ = 0;
  Served served_;
};

}  // namespace eden
