#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/cells.h"
#include "kernels/cpu/draw.h"

namespace eden {

// Planes of thresholds that are kept ready; those after them decide few cells.
constexpr int kReadyPlanes = 8;

// The leading planes of one member of a bitline table, and which lanes it is 0 or "always" for:
// for each word of a segment, as all segments begin at the first bitline. Made for the words that a
// tensor covers.
struct BitlinePlanes {
  std::unique_ptr<uint32_t[]> words;  // [kReadyPlanes + 2][kSegmentWords]

  const uint32_t* plane(int j) const { return words.get() + j * kSegmentWords; }
  const uint32_t* always() const { return plane(kReadyPlanes); }
  const uint32_t* some() const { return plane(kReadyPlanes + 1); }  // neither 0 nor always
};

// The words of a segment that hold a dense bitline, in chunks.
struct DenseWords {
  std::vector<uint16_t> words;   // [n]
  std::vector<uint32_t> always;  // [n]
  std::vector<uint32_t> some;    // [n]
  std::vector<uint32_t> planes;  // [chunks][kReadyPlanes][kChunkWords]
};

// The bitline of each rank, and the leading bits of its stress: what a point needs of them in one
// read.
struct RankedBitline {
  static constexpr int kDropped = 11;  // bits of the stress; it is at most 2^58

  uint64_t packed;

  RankedBitline() = default;
  RankedBitline(int32_t column, uint64_t stress)
      : packed((stress >> kDropped << 16) | static_cast<uint64_t>(column)) {}
  uint32_t column() const { return packed & 0xFFFF; }
  uint64_t stress() const { return packed >> 16; }  // in units of 2^kDropped, rounded down
};

// What the table says once for a whole tensor: computed before the first segment. Only entries that
// the tensor's cells read count.
struct TableSummary {
  uint64_t greatest_stress = 0;
  uint64_t mean_stress = 0;  // of bitlines only
  bool any_dense = false;
  bool always_fails = true;
  bool by_stored_bit = false;
  // Stress of each interval of bitline ranks, [0, 64), [64, 128), [128, 256), ...: no cell's is
  // greater or less.
  uint64_t interval_greatest[11] = {};
  uint64_t interval_least[11] = {};
  int intervals = 0;
  std::unique_ptr<RankedBitline[]> ranks;  // [entries], null for the other models
  DenseWords dense;
  BitlinePlanes fail_one, fail_zero;
};

TableSummary summarize(const InjectParams& params, int64_t first_bit, int64_t last_bit);

}  // namespace eden
