#include "csrc/core/controller/simulation.h"

#include <algorithm>

namespace eden {

Counted::Counted(const Memory& m, Counting counting)
    : organisation_(m.organisation), counting_(counting) {
  while ((int64_t{1} << shift_) < organisation_.banks_per_rank()) ++shift_;
  for (int64_t i = 0; i < organisation_.ranks; ++i) ranks_.emplace_back(m, counting);
}

void Counted::close(const Memory& m) {
  // By then every row may be closed, whenever it was opened and whatever was done to it.
  const int64_t closed = last_clock_ + m.clocks_of("CWL") + m.clocks_of("BL") + m.clocks_of("tWR") +
                         m.clocks_of("tRAS");
  for (RankCounter& rank : ranks_) rank.add(closed, Command::kPrea, 0);
}

int64_t Counted::complete() {
  int64_t clock = 0;
  for (RankCounter& rank : ranks_) clock = std::max(clock, rank.complete());
  return clock;
}

std::vector<RankCounts> Counted::finish(int64_t until) {
  if (counting_ == Counting::kEachClockOnce) until = std::max(until, complete());
  std::vector<RankCounts> counts;
  for (RankCounter& rank : ranks_) {
    rank.finish(until);
    counts.push_back({rank.counts(), rank.banks()});
  }
  return counts;
}

Simulation::Simulation(std::shared_ptr<const Rules> rules, std::string file,
                       const SimulationOptions& options)
    : rules_(std::move(rules)),
      options_(options),
      map_(rules_->memory().organisation, options.map),
      reader_(std::move(file), options.format) {
  for (int64_t i = 0; i < rules_->memory().organisation.channels; ++i) {
    channels_.push_back(std::make_unique<Channel>(*rules_, options));
    if (options.commands != CommandFormat::kFound) {
      channels_.back()->sink.write_to(options.commands);
    }
  }
}

void Simulation::offer(const TraceRequest& r) {
  const Place at = map_.place(r.address);
  Waiting request;
  request.bank = map_.bank_of(at);
  request.row = at.row;
  request.column = at.column;
  request.write = r.write;
  Controller& c = channels_[static_cast<std::size_t>(at.channel)]->controller;
  next_accepted_ = c.offer(r.clock, next_accepted_, request) + 1;
  ++requests_;
}

void Simulation::feed(std::string_view piece) {
  reader_.feed(piece, [this](const TraceRequest& r) { offer(r); });
}

void Simulation::finish(int64_t until) {
  reader_.finish();
  int64_t counted = options_.count_rest ? until : 0;
  for (const auto& channel : channels_) {
    channel->controller.finish(until);
    if (options_.close) channel->sink.close(rules_->memory());
    if (options_.counting == Counting::kEachClockOnce) {
      counted = std::max(counted, channel->sink.complete());
    }
  }
  for (const auto& channel : channels_) counts_.push_back(channel->sink.finish(counted));
}

}  // namespace eden
