#include "csrc/core/processor/memory_port.h"

#include <algorithm>

namespace eden {

namespace {

Organisation of_one_channel(Organisation o) {
  o.channels = 1;
  return o;
}

}  // namespace

MemoryPort::MemoryPort(std::shared_ptr<const Rules> rules, const Options& options, ReadSink& ends)
    : rules_(std::move(rules)),
      map_(of_one_channel(rules_->memory().organisation), options.map),
      size_(static_cast<uint64_t>(of_one_channel(rules_->memory().organisation).size_bytes())),
      interleave_(static_cast<uint64_t>(options.channel_bytes)),
      burst_bytes_(rules_->memory().organisation.request_bytes),
      lookahead_(rules_->memory().clocks_of("CL") + rules_->memory().clocks_of("BL")) {
  const int64_t channels = options.channel_groups * rules_->memory().organisation.channels;
  for (int64_t i = 0; i < channels; ++i) {
    channels_.push_back(std::make_unique<PortChannel>(*rules_, options.policy, ends));
  }
}

void MemoryPort::request(int64_t clock, uint64_t address, int64_t bytes, bool write, uint16_t tag) {
  const auto count = static_cast<uint64_t>(channels_.size());
  const auto burst = static_cast<uint64_t>(burst_bytes_);
  const int64_t bursts = bursts_of(bytes);
  uint64_t at = address / burst * burst;
  for (int64_t i = 0; i < bursts; ++i, at += burst) {
    const uint64_t piece = at / interleave_;
    // Tensors beyond the memory's end lie in it again: time and energy do not mind.
    const uint64_t within = (piece / count * interleave_ + at % interleave_) % size_;
    PortChannel& c = *channels_[static_cast<std::size_t>(piece % count)];
    const Place place = map_.place(within);
    Pending p{clock, order_++, {}};
    p.request.bank = map_.bank_of(place);
    p.request.row = place.row;
    p.request.column = place.column;
    p.request.write = write;
    p.request.tag = tag;
    c.pending.push(p);
  }
}

void MemoryPort::offer_until(PortChannel& c, int64_t until) {
  while (!c.pending.empty() && c.pending.top().clock < until) {
    const Pending p = c.pending.top();
    c.pending.pop();
    // One that cores ahead of each other made late arrives with the last.
    c.last_arrival = std::max(c.last_arrival, p.clock);
    c.controller.offer(c.last_arrival, 0, p.request);
  }
}

void MemoryPort::advance(int64_t until) {
  for (const auto& channel : channels_) {
    offer_until(*channel, until);
    channel->controller.advance(until);
  }
  now_ = std::max(now_, until);
}

void MemoryPort::finish(int64_t until) {
  for (const auto& channel : channels_) {
    offer_until(*channel, INT64_MAX);
    channel->controller.finish(until);
  }
  now_ = std::max(now_, until);
}

std::vector<RankCounts> MemoryPort::counts(std::size_t channel) const {
  return channels_[channel]->sink.finish(now_);
}

}  // namespace eden
