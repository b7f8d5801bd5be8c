#pragma once

#include <cstdint>
#include <memory>

#include "kernels/cells.h"

namespace eden {

// The leading planes of one member of a bitline table, and which lanes it is 0 or "always" for.
// Made for the bitlines that a tensor covers.
struct BitlinePlanes {
  static constexpr int kPlanes = 8;

  std::unique_ptr<uint32_t[]> words;  // [kPlanes + 2][groups]
  int groups = 0;                     // of 32 bitlines, a power of two

  const uint32_t* plane(int j) const { return words.get() + static_cast<int64_t>(j) * groups; }
  const uint32_t* always() const { return plane(kPlanes); }
  const uint32_t* some() const { return plane(kPlanes + 1); }  // neither 0 nor always
};

// What the table says once for a whole tensor: computed before the first segment. Only entries that
// the tensor's cells read count.
struct TableSummary {
  uint64_t greatest_stress = 0;
  bool any_dense = false;
  bool always_fails = true;
  bool by_stored_bit = false;
  // Stress of each interval of bitline ranks, [0, 64), [64, 128), [128, 256), ...: no cell's is
  // greater or less.
  uint64_t interval_greatest[11] = {};
  uint64_t interval_least[11] = {};
  int intervals = 0;
  BitlinePlanes dense, fail_one, fail_zero;
};

TableSummary summarize(const InjectParams& params, int64_t first_bit, int64_t last_bit);

}  // namespace eden
