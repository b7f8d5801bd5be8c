#pragma once

#include <cstdint>

#include "kernels/law/philox.h"

namespace eden {

// Which entry of the injection table a cell reads. The numbers are part of the op's schema.
enum class Lookup : int {
  kCell = 0,      // one entry for all cells (uniform and data-dependent model)
  kBitline = 1,   // entry of the cell's bitline
  kWordline = 2,  // entry of the cell's row
  kKnown = 3  // entries of weak cells, in ascending order of their bit addresses; others have none
};

// One entry of an injection table: what a cell's error parameters become (kernels/law/lower.h).
struct TableEntry {
  uint64_t stress;     // sparse part, units of 2^-64, at most kDenseStart; of a known cell (Lookup)
                       // its bit address
  uint64_t dense;      // P(weak | not weak in the sparse rungs) * 2^64; kAlways means 1
  uint64_t fail_one;   // P(failure | weak, stored 1) * 2^64; kAlways means 1
  uint64_t fail_zero;  // the same for a stored 0

  EDEN_HD constexpr uint64_t bit_address() const { return stress; }
};

constexpr uint64_t kAlways = ~uint64_t{0};
constexpr uint64_t kDenseStart = uint64_t{1} << 58;  // 2^-6 in units of 2^-64
constexpr int kSparseRungs = 11;
constexpr int kSegmentBits = 1 << 16;
constexpr int kSegmentWords = kSegmentBits / 32;

// Time at which a rung starts, in units of 2^-64.
EDEN_HD constexpr uint64_t rung_start(int rung) {
  return rung == 0 ? 0 : uint64_t{1} << (47 + rung);
}

// Time of the point that the random number `r` makes in a rung.
EDEN_HD constexpr uint64_t point_time(int rung, uint64_t r) {
  return rung_start(rung) + ((r >> 16) << (rung > 1 ? rung - 1 : 0));
}

// log2 of the mean number of points of a rung among 2^cells_log2 cells.
EDEN_HD constexpr int rung_mean_log2(int rung, int cells_log2) {
  return cells_log2 - 16 + (rung > 1 ? rung - 1 : 0);
}

// Thresholds of the 32 cells of a group, one bit plane at a time.
//
// A cell's random number is the binary fraction of its lane in the words (key, group, plane); the
// cell is taken if that number is below its threshold. `plane(j)` gives bit 63 - j of the 32
// thresholds; `open` the lanes to decide. Returns the lanes taken.
template <class Plane>
EDEN_HD inline uint32_t below(uint64_t key, uint64_t group, Purpose purpose, uint32_t open,
                              Plane plane) {
  uint32_t taken = 0;
  for (uint32_t index = 0; index < 16 && open != 0; ++index) {
    const PhiloxBlock block = random_block(key, group, purpose, 0, 0, index);
    for (int j = 0; j < 4; ++j) {
      const uint32_t threshold = plane(static_cast<int>(4 * index) + j);
      taken |= open & threshold & ~block.word[j];
      open &= ~(threshold ^ block.word[j]);
    }
  }
  return taken;
}

// Plane j of 32 equal thresholds.
EDEN_HD constexpr uint32_t equal_plane(uint64_t threshold, int j) {
  // The bit becomes the sign, which fills the word: two operations where j is known.
  const auto half = static_cast<uint32_t>(j < 32 ? threshold >> 32 : threshold);
  return static_cast<uint32_t>(static_cast<int32_t>(half << (j % 32)) >> 31);
}

}  // namespace eden
