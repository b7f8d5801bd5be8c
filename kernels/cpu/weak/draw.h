#pragma once

#include <cstdint>

#include "kernels/cpu/processor/isa.h"
#include "kernels/cpu/weak/point.h"
#include "kernels/law/table.h"

namespace eden {

// Lists that a Draw reads or writes past their end, by up to six vectors: room to leave.
constexpr int kDrawSlack = 48;

// One for each word of a segment.
using WordLanes = uint32_t[kSegmentWords + kDrawSlack];
using WordNumbers = uint16_t[kSegmentWords + kDrawSlack];

// Groups of cells to compare with their thresholds, as `below` in kernels/law/table.h does with
// one.
//
// The planes 4 * first ... 4 * (first + blocks) - 1 are drawn for each. Group i is unit +
// words[i]; plane j of its thresholds is planes[j * kSegmentWords + i], or planes[j *
// kSegmentWords] for all where `same` says so.
struct Comparison {
  uint64_t key, unit;
  Purpose purpose;
  uint32_t first;
  int blocks;  // 1 or 2
  bool same;
  int n;                   // groups, at most kSegmentWords
  const uint16_t* words;   // [n]
  const uint32_t* planes;  // [4 * blocks][kSegmentWords]
  uint32_t* open;          // [n] the lanes to decide; in the end those that still are
  uint32_t* taken;         // [n] those below their thresholds are added
};

// Random numbers of many blocks at once, and what is decided by them. The loops exist once for each
// instruction set.
struct Draw {
  // numbers[2 i], numbers[2 i + 1] = the block (key, unit, what[i], index[i]), for i < n.
  void (*blocks)(uint64_t key, uint64_t unit, const uint32_t* what, const uint32_t* index, int n,
                 uint64_t* numbers);

  void (*compare)(const Comparison& groups);

  // Lists which of n groups have open lanes. Returns how many they are.
  int (*keep_open)(int n, const uint32_t* open, uint16_t* kept);

  // Locates n points of bitline streams. Whether one comes before the stress of its bitline is told
  // by the leading bits of both; returns whether any are equal, which is as good as never.
  bool (*locate)(const BitlineCells& among, const uint64_t* numbers, const StreamCode* codes, int n,
                 PointCell* cells);
};

// The loops of an instruction set that this processor has.
const Draw& draw(Isa isa);

// The portable functions that other instruction sets may use too.
int keep_open_portable(int n, const uint32_t* open, uint16_t* kept);
bool locate_portable(const BitlineCells& among, const uint64_t* numbers, const StreamCode* codes,
                     int n, PointCell* cells);

#if defined(__x86_64__)
extern const Draw kDrawAvx2;
extern const Draw kDrawAvx512;
#endif

}  // namespace eden
