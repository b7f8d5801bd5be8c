#pragma once

#include <cstdint>
#include <memory>
#include <queue>
#include <vector>

#include "csrc/core/address/bit_map.h"
#include "csrc/core/controller/simulation.h"

namespace eden {

// The channels of a memory behind a processor: requests come with the clock at which they arrive,
// and the processor learns when each read ends before it needs to know. Addresses go over the
// channels by turns, whatever their number; the map says where they lie in a channel.
class MemoryPort {
 public:
  struct Options {
    Policy policy;
    std::string map = "RoBaRaCoCh";
    int64_t channel_groups = 1;
    int64_t channel_bytes = 64;
  };

  // Throws std::invalid_argument for a map or policy that cannot be.
  MemoryPort(std::shared_ptr<const Rules> rules, const Options& options, ReadSink& ends);

  // One line, as many bursts as it has; `tag` is told once a burst.
  void request(int64_t clock, uint64_t address, int64_t bytes, bool write, uint16_t tag);
  // Serves up to a clock. Requests that come later must not arrive before it.
  void advance(int64_t until);
  // Serves all there is, and is idle until a clock.
  void finish(int64_t until);

  int64_t now() const { return now_; }
  // From a read's command to its end: what is known so far ahead.
  int64_t lookahead() const { return lookahead_; }
  int64_t bursts_of(int64_t bytes) const { return (bytes + burst_bytes_ - 1) / burst_bytes_; }
  std::size_t channels() const { return channels_.size(); }
  const Served& served(std::size_t channel) const {
    return channels_[channel]->controller.served();
  }
  // After `finish`.
  std::vector<RankCounts> counts(std::size_t channel) const;

 private:
  struct Pending {
    int64_t clock;
    int64_t order;
    Waiting request;
    bool operator<(const Pending& other) const {  // the first is the greatest
      return clock != other.clock ? clock > other.clock : order > other.order;
    }
  };
  struct PortChannel {
    PortChannel(const Rules& rules, const Policy& policy, ReadSink& ends)
        : sink(rules.memory(), Counting::kEachClockOnce), controller(rules, policy, sink, &ends) {}
    Counted sink;
    Controller controller;
    std::priority_queue<Pending> pending;
    int64_t last_arrival = 0;
  };

  static void offer_until(PortChannel& channel, int64_t until);

  std::shared_ptr<const Rules> rules_;
  BitMap map_;
  uint64_t size_;  // of one channel
  uint64_t interleave_;
  int64_t burst_bytes_, lookahead_;
  std::vector<std::unique_ptr<PortChannel>> channels_;
  int64_t now_ = 0;
  int64_t order_ = 0;
};

}  // namespace eden
