#include "csrc/core/systems/layer_stream.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

constexpr double kMostRequests = 1e15;

// The requests of a layer, cut into bursts, of which only the first are made.
class Bursts {
 public:
  Bursts(const Organisation& o, const LayerStream& layer, int64_t most) : bytes_(o.request_bytes) {
    double all = 0;
    for (const TensorStream& t : layer.tensors) {
      check_number("stream: ", "passes", t.passes, 0, 1e9);
      if (t.address < 0 || t.bytes < 1 || t.bytes > o.size_bytes() - t.address) {
        refuse("stream: ", "a tensor",
               std::to_string(t.bytes) + " bytes at address " + std::to_string(t.address),
               "at least 1 byte within the memory's " + std::to_string(o.size_bytes()));
      }
      const int64_t first = t.address / bytes_;
      const int64_t lines = (t.address + t.bytes - 1) / bytes_ - first + 1;
      const double moved = std::ceil(static_cast<double>(lines) * t.passes);
      all += moved;
      if (all > kMostRequests) refuse("stream: ", "number of requests", all, "at most 1e15");
      parts_.push_back({first, lines, static_cast<int64_t>(moved), t.write});
      (t.write ? writes : reads) += parts_.back().moved;
    }
    const int64_t total = reads + writes;
    // A tile of more requests than are simulated is taken for several.
    count_ = std::max({layer.tiles, (total + most - 1) / most, int64_t{1}});
    count_ = std::min(count_, std::max<int64_t>(total, 1));
    const double share = static_cast<double>(most) / static_cast<double>(std::max(total, most));
    made_ = std::max<int64_t>(1, static_cast<int64_t>(share * static_cast<double>(count_)));
  }

  double fraction() const { return static_cast<double>(made_) / static_cast<double>(count_); }

  // Serves them, each burst `clocks` after the one before, and is idle until a clock.
  void serve(Simulation* simulation, double clocks, int64_t until) const {
    for (int64_t burst = 0; burst < made_; ++burst) {
      const auto arrival = static_cast<int64_t>(clocks * static_cast<double>(burst));
      for (const LineRun& p : parts_) {
        const int64_t end = cut(p.moved, burst + 1);
        for (int64_t i = cut(p.moved, burst); i < end; ++i) {
          const int64_t line = p.first + i % p.lines;
          simulation->offer({arrival, static_cast<uint64_t>(line * bytes_), p.write});
        }
      }
    }
    simulation->finish(until);
  }
  int64_t count() const { return count_; }

  int64_t reads = 0;
  int64_t writes = 0;

 private:
  struct LineRun {
    int64_t first, lines, moved;
    bool write;
  };
  int64_t cut(int64_t n, int64_t burst) const {  // n * burst / count, which may not fit
    return n / count_ * burst + n % count_ * burst / count_;
  }

  int64_t bytes_;
  std::vector<LineRun> parts_;
  int64_t count_ = 1;
  int64_t made_ = 1;
};

double data_end_clock(const Simulation& s) {
  int64_t end = 0;
  for (std::size_t i = 0; i < s.channels(); ++i) end = std::max(end, s.served(i).data_end_clock);
  return static_cast<double>(end);
}

}  // namespace

StreamServed serve(const std::shared_ptr<const Rules>& rules, const LayerStream& layer,
                   const StreamOptions& o) {
  check_number("stream: ", "compute_seconds", layer.compute_seconds, 0, 1e6);
  check_number("stream: ", "tiles", static_cast<double>(layer.tiles), 1, kMostRequests);
  check_number("stream: ", "most_requests", static_cast<double>(o.most_requests), 1, 1e9);
  const Bursts bursts(rules->memory().organisation, layer, o.most_requests);
  SimulationOptions options;
  options.map = o.map;
  options.policy = o.policy;

  StreamServed found;
  found.reads = bursts.reads;
  found.writes = bursts.writes;
  found.fraction = bursts.fraction();
  const double clock = rules->memory().clock_seconds;
  // As fast as they are accepted: how long the memory takes at least.
  Simulation alone(rules, "stream", options);
  bursts.serve(&alone, 0, 0);
  found.dram_seconds = data_end_clock(alone) * clock / found.fraction;
  found.seconds = layer.overlap ? std::max(found.dram_seconds, layer.compute_seconds)
                                : found.dram_seconds + layer.compute_seconds;

  // At the pace of the array: in a layer that the memory keeps that is the same.
  options.count_rest = true;
  Simulation paced(rules, "stream", options);
  const int64_t clocks = std::llround(found.seconds / clock * found.fraction);
  bursts.serve(&paced, layer.compute_seconds / clock / static_cast<double>(bursts.count()), clocks);
  int64_t accesses = 0;
  int64_t hits = 0;
  for (std::size_t i = 0; i < paced.channels(); ++i) {
    accesses += paced.served(i).reads + paced.served(i).writes;
    hits += paced.served(i).row_hits;
    found.counts.push_back(paced.counts(i));
  }
  found.row_hits = accesses > 0 ? static_cast<double>(hits) / static_cast<double>(accesses) : 0;
  return found;
}

}  // namespace eden
