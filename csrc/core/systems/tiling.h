#pragma once

#include <cstdint>

#include "csrc/core/systems/accelerator.h"

namespace eden {

// A layer as one product of matrices for each group, made `times` times one after the other:
// [pixels, depth] x [depth, filters].
struct Product {
  int64_t pixels = 1;
  int64_t depth = 1;
  int64_t filters = 1;
  int64_t times = 1;   // groups
  int64_t serial = 1;  // steps that wait for each other, over all of it
};

// Of an attention layer the four linear layers, of its queries, as one.
Product product_of(const Layer& layer);

constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Whether it is a convolution, whose pixels share inputs.
inline bool is_convolution(const Layer& l) {
  return l.kind == LayerKind::kConv || l.kind == LayerKind::kDepthwise;
}

// How often weights and inputs are read from DRAM if the layer is made tile by tile, each of so
// many pixels and filters of a group.
//
// A tensor that fits into its buffer whole is read once. Else one of two orders: filters outside,
// where a tile of weights stays and inputs come by once for each tile of filters; or pixels
// outside, where a strip of inputs stays and weights come by once for each strip. What stays must
// fit into the buffer, its half if it is filled while it is used; else it comes by each time too.
// The order that moves less is taken. Rows that two strips share stay on the chip.
struct Passes {
  double weights = 1;
  double inputs = 1;
  int64_t tiles = 1;

  double bytes(const Layer& l) const {
    return weights * static_cast<double>(l.weight_bytes()) +
           inputs * static_cast<double>(l.input_bytes());
  }
};
Passes passes_of(const Accelerator& a, const Layer& l, int64_t tile_pixels, int64_t tile_filters);

}  // namespace eden
