#pragma once

#include <cstdint>

#include "kernels/law/table.h"

// What a sparse point of a segment is, from its random number to the cell it makes weak.

namespace eden {

// The rung and the interval of bitline ranks that a point was drawn for, in a byte.
struct StreamCode {
  uint8_t packed;

  StreamCode() = default;
  constexpr StreamCode(int rung, int interval)
      : packed(static_cast<uint8_t>(rung | (interval << 4))) {}
  constexpr int rung() const { return packed & 15; }
  constexpr int interval() const { return packed >> 4; }
};

// A rung that there is not: its points come later than any stress.
constexpr int kNoRung = 15;

// The bitline of a rank, and the leading bits of its stress: what a point needs of them in one
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

// Where bits [begin, begin + length) of a segment lie: in rows of 2^columns_log2 bitlines.
struct BitlineCells {
  const RankedBitline* ranks;
  int columns_log2;
  uint32_t begin, length;
};

// The cell of a point, and whether it is weak by this point, in a word.
struct PointCell {
  uint32_t packed;

  PointCell() = default;
  constexpr PointCell(uint32_t cell, bool found)
      : packed(cell | (static_cast<uint32_t>(found) << 16)) {}
  uint32_t cell() const { return packed & 0xFFFF; }
  uint32_t word() const { return cell() / 32; }
  uint32_t found() const { return packed >> 16; }
  uint32_t lane_if_found() const { return found() << (packed % 32); }
};

}  // namespace eden
