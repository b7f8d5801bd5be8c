#pragma once

#include <cstdint>
#include <memory>

#include "kernels/access/stored_bits.h"
#include "kernels/cpu/weak/draw.h"
#include "kernels/cpu/weak/points.h"
#include "kernels/law/cells.h"

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

// The words of a segment that hold a dense bitline.
struct DenseWords {
  static constexpr int kPlanes = 16;

  int count = 0;
  bool neighbours = false;  // they lie one after the other
  WordNumbers words;
  WordLanes some;                      // lanes to decide
  std::unique_ptr<uint32_t[]> planes;  // [kPlanes][kSegmentWords]

  int always_count = 0;  // words with lanes that need no decision
  WordNumbers always_words;
  WordLanes always;
};

// What the table says once for a whole tensor: computed before the first segment. Only entries that
// the tensor's cells read count.
struct TableSummary {
  uint64_t greatest_stress = 0;
  uint64_t mean_stress = 0;  // of bitlines only
  bool any_dense = false;
  bool always_fails = true;
  bool by_stored_bit = false;
  PointStreams streams;                    // of every stress there is
  std::unique_ptr<RankedBitline[]> ranks;  // [entries], null in few segments and for other models
  std::unique_ptr<DenseWords> dense;       // null where no bitline is
  BitlinePlanes fail_one, fail_zero;
};

TableSummary summarize(const InjectParams& params, const StoredBits& bits);

// What is needed of it where the weak cells were kept: nothing about where they lie.
TableSummary summarize_kept(const InjectParams& params, const StoredBits& bits);

}  // namespace eden
