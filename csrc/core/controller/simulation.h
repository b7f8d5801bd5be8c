#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "csrc/core/address/bit_map.h"
#include "csrc/core/controller/controller.h"
#include "csrc/core/counts/trace_counts.h"
#include "csrc/core/timing/check.h"
#include "csrc/core/trace/commands.h"
#include "csrc/core/trace/requests.h"

namespace eden {

// Counts, ranks after each other: those of each, and of its banks.
struct RankCounts {
  TraceCounts counts;
  std::vector<BankCounts> banks;
};

// The commands of a channel on their way: counted by rank, and written as text where that is asked.
class Counted : public CommandSink {
 public:
  Counted(const Memory& memory, Counting counting);

  void add(const Issued& command) override {
    const int32_t rank = command.bank >> shift_;
    ranks_[static_cast<std::size_t>(rank)].add(command.clock, command.command,
                                               command.bank - (rank << shift_));
    if (writer_) writer_->write(command, &text_);
    last_clock_ = command.clock;
  }
  void write_to(CommandFormat format) { writer_.emplace(organisation_, format); }
  // What was written since the last call.
  std::string take_text() { return std::exchange(text_, {}); }
  int64_t last_clock() const { return last_clock_; }
  // After the last command: sends each rank a PREA once its last row may be closed.
  void close(const Memory& memory);
  // The clock at which the last command of all ranks is complete.
  int64_t complete();
  // Each rank counts up to a clock, and as long as any other: who has nothing to do stands by.
  // DRAMPower, which knows of one, ends each with its own last command.
  std::vector<RankCounts> finish(int64_t until = 0);

 private:
  Organisation organisation_;
  Counting counting_;
  int shift_ = 0;
  std::vector<RankCounter> ranks_;
  std::optional<CommandWriter> writer_;
  std::string text_;
  int64_t last_clock_ = 0;
};

// How a trace of requests is served.
struct SimulationOptions {
  std::string map = "RoBaRaCoCh";
  Policy policy;
  RequestFormat format = RequestFormat::kFound;
  CommandFormat commands = CommandFormat::kFound;  // kFound: none are written
  Counting counting = Counting::kEachClockOnce;
  // Appends a PREA to each rank once its last row may be closed, before the energy.
  bool close = false;
  // Counts the time after the last command, of any channel, up to the clock `finish` is given.
  bool count_rest = false;
};

// A trace of requests through the controllers of a memory, piece by piece, in constant memory.
class Simulation {
 public:
  // `file` stands in refusals. Throws std::invalid_argument.
  Simulation(std::shared_ptr<const Rules> rules, std::string file,
             const SimulationOptions& options);

  void feed(std::string_view piece);
  void offer(const TraceRequest& request);
  void finish(int64_t until = 0);

  // Of one channel, after `finish`.
  const Served& served(std::size_t channel) const {
    return channels_[channel]->controller.served();
  }
  const std::vector<RankCounts>& counts(std::size_t channel) const { return counts_[channel]; }
  std::size_t channels() const { return channels_.size(); }
  // What was written of a channel's commands since the last call.
  std::string take_commands(std::size_t channel) { return channels_[channel]->sink.take_text(); }
  int64_t requests() const { return requests_; }

 private:
  struct Channel {
    Channel(const Rules& rules, const SimulationOptions& options)
        : sink(rules.memory(), options.counting), controller(rules, options.policy, sink) {}
    Counted sink;
    Controller controller;
  };

  std::shared_ptr<const Rules> rules_;
  SimulationOptions options_;
  BitMap map_;
  RequestReader reader_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<std::vector<RankCounts>> counts_;
  int64_t requests_ = 0;
  int64_t next_accepted_ = 0;
};

}  // namespace eden
