#include "csrc/core/processor/layers.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace eden {
namespace {

constexpr double kPackedBytes = 8 << 20;

}  // namespace

// Phases of a layer, or what of them was simulated, scaled.
struct ProcessorRun::Sum {
  Ran ran;
  double busy_clocks = 0;  // of all channels
  double hits = 0, served = 0, latency = 0, reads = 0;
  double variance = 0;  // of cycles
  double work = 0, simulated = 0;
  std::vector<double> counts;  // [channels * ranks * fields]

  void add(double times, const Sum& other) {
    ran.cycles += times * other.ran.cycles;
    ran.compute_cycles += times * other.ran.compute_cycles;
    for (std::size_t i = 0; i < kKinds; ++i) {
      ran.read_bytes[i] += times * other.ran.read_bytes[i];
      ran.written_bytes[i] += times * other.ran.written_bytes[i];
    }
    busy_clocks += times * other.busy_clocks;
    hits += times * other.hits;
    served += times * other.served;
    latency += times * other.latency;
    reads += times * other.reads;
    counts.resize(std::max(counts.size(), other.counts.size()));
    for (std::size_t i = 0; i < other.counts.size(); ++i) counts[i] += times * other.counts[i];
  }
};

ProcessorRun::ProcessorRun(const Processor& processor, Kernel kernel,
                           std::shared_ptr<const Rules> rules, const MemoryPort::Options& memory)
    : p_((check(processor), processor)),
      kernel_(kernel),
      rules_(std::move(rules)),
      memory_(memory),
      machine_(p_, static_cast<uint64_t>(p_.channel_groups *
                                         rules_->memory().organisation.size_bytes())),
      alignment_(4096) {
  const Organisation& of = rules_->memory().organisation;
  if (p_.channel_groups * of.channels > 1 && p_.channel_bytes < of.request_bytes) {
    refuse("processor: ", "channel_bytes", p_.channel_bytes,
           "at least " + std::to_string(of.request_bytes) + ", the bytes of a burst");
  }
  memory_.channel_groups = p_.channel_groups;
  memory_.channel_bytes = p_.channel_bytes;
  if (p_.colliding_buffers) {
    const Organisation& o = rules_->memory().organisation;
    alignment_ = static_cast<uint64_t>(p_.channel_groups * o.channels * o.banks() * o.row_bytes);
  }
  for (int64_t i = 0; i < p_.cores && kernel != Kernel::kTiled; ++i) {
    packed_a_.push_back(allocate(kPackedBytes));
    packed_b_.push_back(allocate(kPackedBytes));
  }
}

uint64_t ProcessorRun::allocate(double bytes) {
  const uint64_t at = (free_ + alignment_ - 1) / alignment_ * alignment_;
  free_ = at + static_cast<uint64_t>(std::ceil(bytes));
  return at;
}

void ProcessorRun::timed(const std::vector<Machine::UnitRange>& ranges, Sum* sum) {
  MemoryPort memory(rules_, memory_, machine_.ends());
  const Memory& m = rules_->memory();
  sum->ran = machine_.run(ranges, memory, m.clock_seconds);
  const auto burst = static_cast<double>(m.clocks_of("BL"));
  for (std::size_t channel = 0; channel < memory.channels(); ++channel) {
    const Served& s = memory.served(channel);
    sum->busy_clocks += static_cast<double>(s.reads + s.writes) * burst;
    sum->hits += static_cast<double>(s.row_hits);
    sum->served += static_cast<double>(s.reads + s.writes);
    sum->latency += s.latency_from_arrival;
    sum->reads += static_cast<double>(s.reads);
    for (const RankCounts& rank : memory.counts(channel)) {
      for (const Field<TraceCounts>& f : FieldsOf<TraceCounts>::list) {
        const auto member = std::get<int64_t TraceCounts::*>(f.member);
        sum->counts.push_back(static_cast<double>(rank.counts.*member));
      }
    }
  }
}

void ProcessorRun::add(const Phase& phase, Sum* sum) {
  const double times = phase.times;
  std::vector<Machine::UnitRange> whole;
  double accesses = 0, weight = 0;
  int64_t most = 0, period = 1;
  for (const auto& work : phase.cores) {
    whole.push_back({work.get(), 0, work->units()});
    accesses += static_cast<double>(work->units()) * work->accesses();
    most = std::max(most, work->units());
    period = std::max(period, work->period());
    for (int64_t u = 0; u < work->units(); ++u) weight += work->weight(u);
  }
  sum->work += times * weight;
  const double share_of = static_cast<double>(p_.accesses) / std::max(1.0, accesses);
  auto of_sample = std::max<int64_t>(1, static_cast<int64_t>(share_of * static_cast<double>(most) /
                                                             static_cast<double>(p_.samples)));
  // Whole periods where they are not much longer, so that samples are alike.
  if (4 * of_sample >= period) of_sample = (of_sample + period - 1) / period * period;
  if (share_of >= 1 || most < 2 * p_.samples * of_sample) {
    Sum all;
    timed(whole, &all);
    sum->add(times, all);
    sum->simulated += times * weight;
    return;
  }
  // One sample in each of as many equal parts, at a place drawn there; caches are warmed before.
  std::vector<double> rates;
  Sum sampled;
  double seen = 0;
  for (int64_t s = 0; s < p_.samples; ++s) {
    const double drawn = static_cast<double>((++draws_ * 0x9E3779B97F4A7C15ULL) >> 11) * 0x1p-53;
    std::vector<Machine::UnitRange> before, here;
    double of_these = 0;
    for (const Machine::UnitRange& w : whole) {
      const double part = static_cast<double>(w.last) / static_cast<double>(p_.samples);
      const double room = std::max(0.0, part - static_cast<double>(of_sample));
      const int64_t first =
          std::min(w.last, static_cast<int64_t>(static_cast<double>(s) * part + drawn * room));
      const int64_t last = std::min(w.last, first + of_sample);
      before.push_back({w.work, std::max<int64_t>(0, first - of_sample), first});
      here.push_back({w.work, first, last});
      for (int64_t u = first; u < last; ++u) of_these += w.work->weight(u);
    }
    machine_.warm(before);
    Sum one;
    timed(here, &one);
    sampled.add(1, one);
    seen += of_these;
    rates.push_back(one.ran.cycles / of_these);
  }
  const double scale = times * weight / seen, count = static_cast<double>(rates.size());
  sum->add(scale, sampled);
  sum->simulated += times * seen;
  double mean = 0, square = 0;
  for (const double r : rates) mean += r / count;
  for (const double r : rates) square += (r - mean) * (r - mean);
  sum->variance += square / (count - 1) / count * weight * weight * times * times;
}

LayerRun ProcessorRun::result(const Sum& s) const {
  LayerRun run;
  const double clock = rules_->memory().clock_seconds;
  run.seconds = s.ran.cycles / p_.clock_hz;
  run.compute_seconds = s.ran.compute_cycles / p_.clock_hz;
  run.busy_seconds =
      s.busy_clocks * clock /
      static_cast<double>(p_.channel_groups * rules_->memory().organisation.channels);
  run.read_bytes = s.ran.read_bytes;
  run.written_bytes = s.ran.written_bytes;
  run.row_hits = s.served > 0 ? s.hits / s.served : 0;
  run.read_latency = s.reads > 0 ? s.latency / s.reads * clock : 0;
  run.standard_error = std::sqrt(s.variance) / p_.clock_hz;
  run.simulated = s.work > 0 ? s.simulated / s.work : 1;
  const auto ranks = static_cast<std::size_t>(rules_->memory().organisation.ranks);
  std::size_t next = 0;
  while (next < s.counts.size()) {
    auto& channel = run.counts.emplace_back();
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      TraceCounts& n = channel.emplace_back();
      for (const Field<TraceCounts>& f : FieldsOf<TraceCounts>::list) {
        n.*std::get<int64_t TraceCounts::*>(f.member) =
            std::llround(s.counts[next++] * run.simulated);
      }
    }
  }
  return run;
}

LayerRun ProcessorRun::run(const Layer& layer) {
  check(layer);
  Sum sum;
  for (const Phase& phase : plan(layer)) add(phase, &sum);
  return result(sum);
}

LayerRun ProcessorRun::run(const Pattern& whole) {
  Phase phase;
  const uint64_t base = allocate(static_cast<double>(whole.span_bytes));
  // Threads of a GPU read side by side, cores of a CPU each their own part.
  const bool beside = kernel_ == Kernel::kTiled && !whole.random;
  for (int64_t core = 0; core < p_.cores; ++core) {
    Pattern q = whole;
    q.stride = beside ? p_.cores : 1;
    q.first = beside ? core : 0;
    q.span_bytes = beside ? whole.span_bytes : whole.span_bytes / p_.cores;
    q.base = base + static_cast<uint64_t>(beside ? 0 : core * q.span_bytes);
    q.lines = whole.lines / p_.cores;
    q.seed = whole.seed * p_.cores + core;
    phase.cores.push_back(pattern(q, p_));
  }
  Sum sum;
  add(phase, &sum);
  return result(sum);
}

}  // namespace eden
