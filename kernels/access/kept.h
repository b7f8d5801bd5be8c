#pragma once

#include <cstdint>
#include <cstring>

namespace eden {

// The weak cells of a tensor, kept from one access to those that follow.
//
// An array of 32-bit words: facts about the table; for each segment how many cells lie before it,
// and how many there are in all; then for each cell its bit of the segment, two cells a word.
class KeptCells {
 public:
  // Bits of the facts, each as in TableSummary.
  static constexpr int32_t kAlwaysFails = 1, kByStoredBit = 2, kAnyDense = 4;
  // More cells than this cannot be counted.
  static constexpr int64_t kMost = INT32_MAX;

  KeptCells(const int32_t* words, int64_t segments) : words_(words), segments_(segments) {}

  static int64_t words(int64_t segments, int64_t cells) {
    return cells_at(segments) + (cells + 1) / 2;
  }
  static int64_t cells_at(int64_t segments) { return segments + 2; }

  bool has(int32_t fact) const { return (words_[0] & fact) != 0; }
  int64_t before(int64_t segment) const { return words_[1 + segment]; }
  int64_t count() const { return before(segments_); }
  uint16_t cell(int64_t i) const {
    // Copied as bytes, as it was written: no pointer to another integer type may read a word.
    uint16_t cell;
    const auto* cells = reinterpret_cast<const char*>(words_ + cells_at(segments_));
    std::memcpy(&cell, cells + 2 * i, sizeof cell);
    return cell;
  }

 private:
  const int32_t* words_;
  int64_t segments_;
};

}  // namespace eden
