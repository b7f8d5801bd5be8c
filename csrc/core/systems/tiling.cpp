#include "csrc/core/systems/tiling.h"

#include <algorithm>

namespace eden {
namespace {

// Bytes of the inputs of one group that so many pixels need, of a convolution in whole rows. Rows
// count over the images of a batch, so that a strip may hold several.
int64_t strip_bytes(const Layer& l, const Product& p, int64_t pixels) {
  if (!is_convolution(l)) return divide_up(pixels * p.depth * l.input_bits, 8);
  // Where pixels do not end with a row they may begin within one too.
  const int64_t rows = divide_up(pixels, l.out_w) + (pixels % l.out_w != 0 ? 1 : 0);
  const int64_t of_row = divide_up(l.in_channels / l.groups * l.in_w * l.input_bits, 8);
  if (rows > l.out_h) return divide_up(rows, l.out_h) * l.in_h * of_row;
  return std::min(l.in_h, (rows - 1) * l.stride_h + l.reach_h()) * of_row;
}

}  // namespace

Product product_of(const Layer& l) {
  switch (l.kind) {
    case LayerKind::kConv:
    case LayerKind::kDepthwise:
    case LayerKind::kLinear:
      return {l.pixels(), l.depth(), l.filters(), l.groups, 1};
    case LayerKind::kRecurrent: {
      // Input and state side by side, against all gates.
      const int64_t depth = l.in_channels + l.out_channels;
      return {l.batch, depth, std::max<int64_t>(1, divide_up(l.weight_elements, depth)), 1,
              l.steps};
    }
    case LayerKind::kAttention:
      return {l.pixels(), l.in_channels,
              std::max<int64_t>(1, divide_up(l.weight_elements, l.in_channels)), 1, 1};
    case LayerKind::kOther:
      break;
  }
  return {};
}

Passes passes_of(const Accelerator& a, const Layer& l, int64_t tile_pixels, int64_t tile_filters) {
  const Product p = product_of(l);
  const int64_t strips = divide_up(p.pixels, tile_pixels) * p.serial;
  const int64_t filter_tiles = divide_up(p.filters, tile_filters);
  const int64_t halves = a.double_buffered ? 2 : 1;

  const auto fits = [](int64_t bytes, int64_t room) { return bytes <= room; };
  const int64_t weights = divide_up(p.depth * p.filters * l.weight_bits, 8);  // of a group
  const int64_t weight_tile =
      divide_up(p.depth * std::min(tile_filters, p.filters) * l.weight_bits, 8);
  const bool all_weights = fits(weights, a.weight_buffer_bytes);
  const bool tile_of_weights = all_weights || fits(weight_tile, a.weight_buffer_bytes / halves);
  const bool all_inputs = fits(divide_up(l.input_bytes(), l.groups), a.input_buffer_bytes);
  const bool strip = all_inputs || fits(strip_bytes(l, p, std::min(tile_pixels, p.pixels)),
                                        a.input_buffer_bytes / halves);

  const auto passes = [](bool once, int64_t otherwise) {
    return once ? 1.0 : static_cast<double>(otherwise);
  };
  const int64_t tiles = strips * filter_tiles * p.times;
  // A step needs the output of the one before, so that no tile of weights can serve them all.
  const Passes filters_outside = {passes(p.serial > 1 ? all_weights : tile_of_weights, strips),
                                  passes(all_inputs, filter_tiles), tiles};
  const Passes pixels_outside = {passes(all_weights, strips), passes(strip, filter_tiles), tiles};
  return pixels_outside.bytes(l) < filters_outside.bytes(l) ? pixels_outside : filters_outside;
}

}  // namespace eden
