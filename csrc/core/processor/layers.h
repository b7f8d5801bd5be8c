#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "csrc/core/counts/trace_counts.h"
#include "csrc/core/processor/kernels.h"
#include "csrc/core/processor/machine.h"
#include "csrc/core/systems/layer.h"

namespace eden {

// What a layer, or a pattern, did to a processor and its DRAM. By kinds: weights, inputs, outputs,
// scratch (what im2col and packing wrote).
struct LayerRun {
  double seconds = 0;
  double compute_seconds = 0;  // were all data in the first cache
  double busy_seconds = 0;     // of the data buses, their mean
  std::array<double, kKinds> read_bytes{};
  std::array<double, kKinds> written_bytes{};
  double row_hits = 0;        // of reads and writes
  double read_latency = 0;    // seconds, in the controller, mean of the reads
  double standard_error = 0;  // of the seconds, from the spread of the samples
  double simulated = 0;       // share of the work that was
  // Of one chip of each rank, of the part that was simulated: this share of those of the whole.
  std::vector<std::vector<TraceCounts>> counts;  // [channels][ranks]
};

// Network after network on one processor: caches live on from layer to layer.
class ProcessorRun {
 public:
  // Throws std::invalid_argument.
  ProcessorRun(const Processor& processor, Kernel kernel, std::shared_ptr<const Rules> rules,
               const MemoryPort::Options& memory);

  // Throws std::invalid_argument for a layer whose shapes say nothing of it.
  LayerRun run(const Layer& layer);
  LayerRun run(const Pattern& pattern);

 private:
  struct Sum;  // of phases

  std::vector<Phase> plan(const Layer& layer);
  std::vector<Phase> plan_convolution(const Layer& layer, const Array& weight, const Array& in,
                                      const Array& out);
  std::vector<Phase> plan_recurrent(const Layer& layer, const Array& weight, const Array& in,
                                    const Array& out);
  Phase product(const BlockedProduct& whole);
  Phase direct(const Layer& layer, int64_t image, const Array& weight, const Array& in,
               const Array& out);
  void add(const Phase& phase, Sum* sum);
  void timed(const std::vector<Machine::UnitRange>& ranges, Sum* sum);
  LayerRun result(const Sum& sum) const;
  // Room for so many bytes, from a page on; from the same bank on if buffers collide.
  uint64_t allocate(double bytes);

  Processor p_;
  Kernel kernel_;
  std::shared_ptr<const Rules> rules_;
  MemoryPort::Options memory_;
  Machine machine_;
  uint64_t free_ = 0;
  uint64_t alignment_;
  uint64_t out_base_ = 0;  // of the last layer's output, which the next one reads
  double out_bytes_ = 0;
  std::vector<uint64_t> packed_a_, packed_b_;  // of each core
  uint64_t draws_ = 0;
};

}  // namespace eden
