#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "csrc/core/processor/access.h"
#include "csrc/core/processor/parameters.h"

namespace eden {

// A matrix or feature map as it lies in memory, row after row.
struct Array {
  uint64_t base = 0;
  double element_bytes = 1;  // int4: half a byte
  Kind kind = Kind::kScratch;

  uint64_t at(int64_t element) const {
    return base + static_cast<uint64_t>(static_cast<double>(element) * element_bytes);
  }
};

// C [m, n] += A [m, k] B [k, n], of one core: rows from `m0` to before `m1`, columns from `n0`.
struct BlockedProduct {
  int64_t m = 0, n = 0, k = 0;
  int64_t m0 = 0, m1 = 0, n0 = 0, n1 = 0;
  Array a, b, c;
  uint64_t packed_a = 0, packed_b = 0;  // scratch of this core
};

// Blocked as in GotoBLAS (Goto and van de Geijn, 2008) and BLIS: blocks of B stay in the shared
// cache, blocks of A in L2, a panel of B one vector line wide in L1; both are packed panel by panel
// before. A unit is one panel of B against one block of A.
std::unique_ptr<CoreWork> blocked_product(const BlockedProduct& product,
                                          const Processor& processor);

// The same by tiles of 128 x 128 that a core works on with all its threads, steps of one line of A;
// no packing. B is read through `columns`: element [k, n] of it lies at k / taps * plane + n *
// step, as a convolution reads its input without im2col. A unit is a tile.
struct Columns {
  int64_t taps = 1;
  int64_t plane = 0;  // elements
  double step = 1;
  int64_t width = 0;  // from a tap's row to the next one's
  int64_t kernel_w = 1;
  int64_t apart = 1;     // a tap from the next one
  int64_t elements = 0;  // in all: padding reads what lies within
};
std::unique_ptr<CoreWork> tiled_product(const BlockedProduct& product, const Columns& columns,
                                        int64_t first_tile, int64_t tile_stride,
                                        const Processor& processor);

// y [m, batch] = A [m, k] x [k, batch], rows from m0: A goes by once. A unit is one row.
std::unique_ptr<CoreWork> matrix_vector(const BlockedProduct& product, const Processor& processor);

// Rows of the matrix that im2col makes of one image: channel, row and column of the kernel.
struct Unfold {
  int64_t in_h = 1, in_w = 1, out_h = 1, out_w = 1;
  int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  int64_t dilation_h = 1, dilation_w = 1, pad_h = 0, pad_w = 0;
  int64_t row0 = 0, row1 = 0;  // of this core
  int64_t columns = 0;         // of the matrix
  int64_t column0 = 0;         // of this image
  Array in, out;
};
// A unit is one row of the matrix.
std::unique_ptr<CoreWork> unfold(const Unfold& unfold, const Processor& processor);

// A convolution of one image on channels in blocks of a vector. A unit is one row of the output of
// one block, over all blocks of the input; depthwise, of one block alone.
struct Direct {
  int64_t in_channels = 1, out_channels = 1;
  int64_t in_h = 1, in_w = 1, out_h = 1, out_w = 1;
  int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, dilation_h = 1, pad_h = 0;
  bool depthwise = false;
  int64_t unit0 = 0, unit1 = 0;  // of this core
  Array weight, in, out;
};
std::unique_ptr<CoreWork> direct_convolution(const Direct& direct, const Processor& processor);

// Bytes that are read or written once from end to end: what a layer that no kernel knows costs.
std::unique_ptr<CoreWork> copy(const Array& from, int64_t read_bytes, const Array& to,
                               int64_t write_bytes, const Processor& processor);

// Synthetic: lines at random over some bytes, or in order.
struct Pattern {
  uint64_t base = 0;
  int64_t lines = 0;  // accesses
  int64_t span_bytes = 0;
  bool random = true;
  bool dependent = false;
  double write_share = 0;
  int64_t instructions = 8;  // an access
  // In order: every so many lines from the first one, as threads side by side take turns.
  int64_t stride = 1;
  int64_t first = 0;
  int64_t seed = 1;
};
std::unique_ptr<CoreWork> pattern(const Pattern& pattern, const Processor& processor);

}  // namespace eden
