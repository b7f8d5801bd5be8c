#include "csrc/core/processor/layers.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace eden {
namespace {

constexpr int64_t kFewColumns = 8;  // a product of so few is one of vectors
constexpr double kPackedBytes = 8 << 20;

std::pair<int64_t, int64_t> share(int64_t of, int64_t core, int64_t cores, int64_t unit = 1) {
  const int64_t units = (of + unit - 1) / unit;
  return {std::min(of, units * core / cores * unit),
          std::min(of, units * (core + 1) / cores * unit)};
}

double bytes_of(int64_t elements, int64_t bits) {
  return static_cast<double>(elements) * static_cast<double>(bits) / 8;
}

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

Phase ProcessorRun::product(const BlockedProduct& whole) {
  Phase phase;
  const int64_t line = std::max<int64_t>(
      1, static_cast<int64_t>(static_cast<double>(p_.line_bytes) / whole.b.element_bytes));
  for (int64_t core = 0; core < p_.cores; ++core) {
    BlockedProduct q = whole;
    const auto index = static_cast<std::size_t>(core);
    if (kernel_ != Kernel::kTiled) {
      q.packed_a = packed_a_[index];
      q.packed_b = packed_b_[index];
    }
    if (whole.n <= kFewColumns) {
      std::tie(q.m0, q.m1) = share(whole.m, core, p_.cores);
      phase.push_back(matrix_vector(q, p_));
    } else if (kernel_ == Kernel::kTiled) {
      phase.push_back(
          tiled_product(q, {1, whole.n, 1, 0, 1, whole.k * whole.n}, core, p_.cores, p_));
    } else {
      // Cores share the longer side.
      const bool columns = whole.n >= whole.m;
      std::tie(q.n0, q.n1) =
          columns ? share(whole.n, core, p_.cores, line) : std::pair{int64_t{0}, whole.n};
      std::tie(q.m0, q.m1) =
          columns ? std::pair{int64_t{0}, whole.m} : share(whole.m, core, p_.cores, 6);
      phase.push_back(blocked_product(q, p_));
    }
  }
  return phase;
}

Phase ProcessorRun::direct(const Layer& l, int64_t image, const Array& weight, const Array& in,
                           const Array& out) {
  Direct d;
  d.in_channels = l.in_channels / l.groups;
  d.out_channels = l.out_channels;
  d.in_h = l.in_h, d.in_w = l.in_w, d.out_h = l.out_h, d.out_w = l.out_w;
  d.kernel_h = l.kernel_h, d.kernel_w = l.kernel_w;
  d.stride_h = l.stride_h, d.stride_w = l.stride_w, d.pad_h = l.pad_h;
  d.depthwise = l.kind == LayerKind::kDepthwise;
  if (d.depthwise) d.in_channels = l.in_channels;
  d.weight = weight, d.in = in, d.out = out;
  d.in.base = in.at(image * l.in_channels * l.in_h * l.in_w);
  d.out.base = out.at(image * l.out_channels * l.out_h * l.out_w);
  const int64_t block = std::max<int64_t>(1, p_.line_bytes / 4);
  const int64_t units = (l.out_channels + block - 1) / block * l.out_h;
  Phase phase;
  for (int64_t core = 0; core < p_.cores; ++core) {
    std::tie(d.unit0, d.unit1) = share(units, core, p_.cores);
    phase.push_back(direct_convolution(d, p_));
  }
  return phase;
}

std::vector<Phase> ProcessorRun::plan_convolution(const Layer& l, const Array& in) {
  std::vector<Phase> phases;
  const Array weight{allocate(bytes_of(l.weight_elements, l.weight_bits)),
                     static_cast<double>(l.weight_bits) / 8, Kind::kWeight};
  const Array out{out_base_, static_cast<double>(l.output_bits) / 8, Kind::kOutput};
  const int64_t area = l.out_h * l.out_w, taps = l.kernel_h * l.kernel_w;
  const bool tiled = kernel_ == Kernel::kTiled;
  if (l.kind == LayerKind::kDepthwise || (kernel_ == Kernel::kDirect && l.groups == 1)) {
    for (int64_t i = 0; i < l.batch; ++i) phases.push_back(direct(l, i, weight, in, out));
    return phases;
  }
  // Images side by side are columns of one matrix; where a kernel is one pixel, one image is it.
  const bool as_it_is =
      taps == 1 && l.stride_h == 1 && l.stride_w == 1 && l.pad_h == 0 && l.batch == 1;
  const int64_t columns = tiled ? area : l.pixels();
  Array matrix = in;
  if (!tiled && !as_it_is) {
    const double bytes = bytes_of(l.depth() * columns, l.input_bits);
    matrix = {allocate(bytes), in.element_bytes, Kind::kScratch};
  }
  for (int64_t g = 0; g < l.groups; ++g) {
    Array of_group = in;
    of_group.base = in.at(g * (l.in_channels / l.groups) * l.in_h * l.in_w);
    for (int64_t i = 0; i < l.batch && !tiled && !as_it_is; ++i) {
      Unfold u{l.in_h,  l.in_w,  l.out_h, l.out_w, l.kernel_h, l.kernel_w, l.stride_h, l.stride_w,
               l.pad_h, l.pad_w, 0,       0,       columns,    i * area,   of_group,   matrix};
      u.in.base = of_group.at(i * l.in_channels * l.in_h * l.in_w);
      Phase phase;
      for (int64_t core = 0; core < p_.cores; ++core) {
        std::tie(u.row0, u.row1) = share(l.depth(), core, p_.cores);
        phase.push_back(unfold(u, p_));
      }
      phases.push_back(std::move(phase));
    }
    BlockedProduct q;
    q.m = l.filters(), q.n = columns, q.k = l.depth();
    q.a = weight, q.b = as_it_is || tiled ? of_group : matrix, q.c = out;
    q.a.base = weight.at(g * q.m * q.k);
    q.c.base = out.at(g * q.m * q.n);
    if (!tiled) {
      phases.push_back(product(q));
      continue;
    }
    for (int64_t i = 0; i < l.batch; ++i) {
      BlockedProduct of_image = q;
      of_image.b.base = of_group.at(i * l.in_channels * l.in_h * l.in_w);
      of_image.c.base = out.at((i * l.out_channels + g * q.m) * area);
      const Columns c{
          taps,   l.in_h * l.in_w, static_cast<double>(l.in_h * l.in_w) / static_cast<double>(area),
          l.in_w, l.kernel_w,      l.in_channels / l.groups * l.in_h * l.in_w};
      Phase phase;
      for (int64_t core = 0; core < p_.cores; ++core) {
        phase.push_back(tiled_product(of_image, c, core, p_.cores, p_));
      }
      phases.push_back(std::move(phase));
    }
  }
  return phases;
}

std::vector<Phase> ProcessorRun::plan(const Layer& l) {
  const double in_bytes = bytes_of(l.input_elements, l.input_bits);
  // A layer reads what the one before wrote, where it is as much; pooled or joined maps lie in it.
  const bool follows = out_bytes_ >= in_bytes && out_bytes_ > 0;
  const Array in{follows ? out_base_ : allocate(in_bytes), static_cast<double>(l.input_bits) / 8,
                 Kind::kInput};
  out_bytes_ = bytes_of(l.output_elements, l.output_bits);
  out_base_ = allocate(out_bytes_);
  if (l.kind == LayerKind::kConv || l.kind == LayerKind::kDepthwise) return plan_convolution(l, in);
  const Array weight{allocate(bytes_of(l.weight_elements, l.weight_bits)),
                     static_cast<double>(l.weight_bits) / 8, Kind::kWeight};
  const Array out{out_base_, static_cast<double>(l.output_bits) / 8, Kind::kOutput};
  std::vector<Phase> phases;
  if (l.kind == LayerKind::kOther || l.weight_elements < l.in_channels) {
    phases.emplace_back();
    phases.back().push_back(copy(weight, l.weight_bytes(), out, 0, p_));
    phases.emplace_back();
    phases.back().push_back(copy(in, l.input_bytes(), out, l.output_bytes(), p_));
    return phases;
  }
  // Weights as rows of a matrix over the features of an input; a recurrent layer goes over them
  // once a step, and of attention the products of feature maps are left out.
  BlockedProduct q;
  q.k = l.in_channels;
  q.m = l.weight_elements / l.in_channels;
  q.n = l.kind == LayerKind::kLinear
            ? l.pixels()
            : std::max<int64_t>(1, l.input_elements / l.in_channels / l.steps);
  q.a = weight, q.b = in, q.c = out;
  phases.push_back(product(q));
  return phases;
}

void ProcessorRun::timed(const std::vector<Machine::Range>& ranges, Sum* sum) {
  MemoryPort memory(rules_, memory_, machine_.ends());
  const Memory& m = rules_->memory();
  sum->ran = machine_.run(ranges, memory, m.clock_seconds);
  const auto burst = static_cast<double>(m.clocks_of("BL"));
  for (std::size_t channel = 0; channel < memory.channels(); ++channel) {
    const Served& s = memory.served(channel);
    sum->busy_clocks += static_cast<double>(s.reads + s.writes) * burst;
    sum->hits += static_cast<double>(s.row_hits);
    sum->served += static_cast<double>(s.reads + s.writes);
    sum->latency += static_cast<double>(s.latency_from_arrival);
    sum->reads += static_cast<double>(s.reads);
    for (const RankCounts& rank : memory.counts(channel)) {
      for (const Field<TraceCounts>& f : FieldsOf<TraceCounts>::list) {
        const auto member = std::get<int64_t TraceCounts::*>(f.member);
        sum->counts.push_back(static_cast<double>(rank.counts.*member));
      }
    }
  }
}

void ProcessorRun::add(const Phase& phase, double times, Sum* sum) {
  std::vector<Machine::Range> whole;
  double accesses = 0, weight = 0;
  int64_t most = 0, period = 1;
  for (const auto& work : phase) {
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
    std::vector<Machine::Range> before, here;
    double of_these = 0;
    for (const Machine::Range& w : whole) {
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
  const double times = layer.kind == LayerKind::kRecurrent ? static_cast<double>(layer.steps) : 1;
  for (const Phase& phase : plan(layer)) add(phase, times, &sum);
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
    phase.push_back(pattern(q, p_));
  }
  Sum sum;
  add(phase, 1, &sum);
  return result(sum);
}

}  // namespace eden
