#pragma once

#include <cstdint>

#include "kernels/formats/formats.h"
#include "kernels/law/table.h"

namespace eden {

// All that one injection needs. Plain data: the seam between torch, NumPy and the kernels. What is
// pointed to lies where the kernel runs, so that a GPU need not be waited for.
struct InjectParams {
  const void* input;            // [copies, elements] of `element`, contiguous
  void* output;                 // the same shape and type; may not overlap the input
  uint8_t* corrected;           // [ceil(copies * elements / 8)] bits, zero before, or null
  const TableEntry* table;      // [entries]
  const int32_t* rank_columns;  // [8 * row_bytes] bitline of each rank, or null
  const float* scales;          // [scale_count], or null for a float format
  const float* bounds;          // [2] lowest and highest, or null without correction
  const uint64_t* key;          // [2] device key and access key
  const int64_t* copy_numbers;  // [copies], or null: first_copy, first_copy + 1, ...
  const int32_t* kept;  // [kept_words] weak cells found before (kernels/access/kept.h), or null
  int64_t entries;
  int64_t ranks;  // entries of rank_columns
  int64_t scale_count;
  int64_t kept_words;
  int64_t elements;  // of one copy
  int64_t copies;
  int64_t first_copy;
  int64_t address;  // bytes within the partition
  int64_t row_bytes;
  ElementType element;
  Stored stored;
  Lookup lookup;
  Correction correction;
  // The output's pages have been written before. Only then does a CPU write past its caches: the
  // system has just zeroed a new page through them.
  bool touched;
};

// What tells the accesses of a copy from those of others.
EDEN_HD inline uint64_t number_of(const InjectParams& p, int64_t copy) {
  return static_cast<uint64_t>(p.copy_numbers ? p.copy_numbers[copy] : p.first_copy + copy);
}

}  // namespace eden
