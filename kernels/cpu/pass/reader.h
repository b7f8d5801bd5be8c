#pragma once

#include <cstdint>

#include "kernels/access/params.h"
#include "kernels/cpu/pass/copy_way.h"
#include "kernels/cpu/pass/tile.h"

namespace eden {

// How wide the elements of a tensor are, in this machine and in DRAM.
struct Layout {
  int element_bytes;
  int code_bits;
  bool native;  // the code is the element
};

// Reads one copy of a tensor, a tile at a time: see Load, which knows the types.
class Reader {
 public:
  Reader(const InjectParams& params, int64_t copy, Layout layout, Bounds bounds, bool streaming,
         Isa isa, CopyWay way);

  void read(int64_t begin, int64_t end, const uint8_t* flips) const;
  void codes(int64_t begin, int64_t end, uint8_t* bits, int embedded) const;
  void majority(uint8_t* bits, int64_t n, int embedded) const;

 private:
  class Scales;

  void write(int64_t element, const void* values, const uint8_t* flips, int64_t n) const;

  const InjectParams& p_;
  TilePasses passes_;
  Limits limits_;
  const char* input_;
  char* output_;
  int64_t flat_;  // number of the copy's first element
  Layout layout_;
  CopyWay way_;
  bool streaming_;
};

// Makes the streaming stores of this thread visible to others. Call it after the last `read` of a
// run of units with `streaming` set.
void streams_done();

}  // namespace eden
