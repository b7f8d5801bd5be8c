#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"
#include "kernels/philox.h"

namespace eden {

// Words of a segment that are decided at once.
constexpr int kChunkWords = 256;

// Lists that a Draw reads or writes past their end, up to a full vector: room to leave.
constexpr int kDrawSlack = 16;

// Random numbers of many blocks at once. The loops exist once for each instruction set.
struct Draw {
  // numbers[2 i], numbers[2 i + 1] = the block (key, place, what[i], 0), for i < blocks.
  void (*heads)(uint64_t key, uint64_t place, const uint32_t* what, int blocks, uint64_t* numbers);

  // numbers[2 i], numbers[2 i + 1] = the block (key, place, what, first + i), for i < blocks.
  void (*stream)(uint64_t key, uint64_t place, uint32_t what, uint32_t first, int blocks,
                 uint64_t* numbers);

  // Draws the planes 4 * first ... 4 * (first + blocks) - 1 of n <= kChunkWords groups and compares
  // them with those of the thresholds, as `below` in kernels/inject.h does for one group.
  //
  // Group i is place + words[i], its thresholds' plane j is planes[j * kChunkWords + i], or
  // planes[j * kChunkWords] for all where `same` says so. blocks is 1 or 2.
  void (*compare)(uint64_t key, uint64_t place, Purpose purpose, uint32_t first, int blocks, int n,
                  const uint16_t* words, const uint32_t* planes, bool same, uint32_t* open,
                  uint32_t* taken);

  // Moves the groups with open lanes, and the number of each in `where`, to the front of their
  // lists. Returns how many there are.
  int (*keep_open)(int n, uint16_t* words, uint16_t* where, uint32_t* open);
};

// The loops of an instruction set that this processor has.
const Draw& draw(Isa isa);

extern const Draw kDrawPortable;
#if defined(__x86_64__)
extern const Draw kDrawAvx2;
extern const Draw kDrawAvx512;
#endif

}  // namespace eden
