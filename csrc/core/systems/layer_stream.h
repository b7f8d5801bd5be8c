#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "csrc/core/controller/simulation.h"
#include "csrc/core/timing/rules.h"

namespace eden {

// One tensor that a layer moves from end to end, so many times.
struct TensorStream {
  int64_t address = 0;
  int64_t bytes = 0;
  double passes = 1;
  bool write = false;
};

// What a layer asks of its memory. A layer is made tile by tile: at the begin of each its share of
// every tensor is asked for at once, tensor after tensor.
struct LayerStream {
  std::vector<TensorStream> tensors;
  int64_t tiles = 1;
  double compute_seconds = 0;
  bool overlap = true;  // DRAM works on the next tile while the array works on this one
};

// How it is served. Of longer streams only the first tiles are simulated, and of tiles longer than
// that a part.
struct StreamOptions {
  std::string map = "RoBaRaCoCh";
  Policy policy;
  int64_t most_requests = 200000;
};

struct StreamServed {
  int64_t reads = 0;  // requests of the whole layer
  int64_t writes = 0;
  double fraction = 1;      // of it that was simulated
  double dram_seconds = 0;  // of the whole layer, if nothing but the memory keeps it
  double seconds = 0;       // of the whole layer
  double row_hits = 0;      // share of the accesses
  // Of what was simulated, over `seconds * fraction`: [channels][ranks].
  std::vector<std::vector<RankCounts>> counts;
};

// Throws std::invalid_argument for tensors outside the memory, times that are none, a bad map or
// policy.
StreamServed serve(const std::shared_ptr<const Rules>& rules, const LayerStream& layer,
                   const StreamOptions& options);

}  // namespace eden
