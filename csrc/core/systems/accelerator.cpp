#include "csrc/core/systems/accelerator.h"

#include <algorithm>

#include "csrc/core/systems/tiling.h"

namespace eden {
namespace {

struct ArrayCycles {
  double cycles = 0;
  int64_t folds = 1;
};

// Output stationary. A fold takes `depth` clocks, in which the outputs of the fold before leave,
// one pixel a clock: so at least as many as it has pixels. The last one's leave behind it, and the
// last column starts one clock after the one beside it.
ArrayCycles output_stationary(const Accelerator& a, const Product& p) {
  const int64_t row_folds = divide_up(p.pixels, a.rows);
  const int64_t column_folds = divide_up(p.filters, a.columns);
  const int64_t folds = row_folds * column_folds * p.times * p.serial;
  const int64_t full = std::max(p.depth, std::min(a.rows, p.pixels));
  const int64_t last_pixels = p.pixels - (row_folds - 1) * a.rows;
  const int64_t last_filters = p.filters - (column_folds - 1) * a.columns;
  return {static_cast<double>(folds - 1) * static_cast<double>(full) +
              static_cast<double>(p.depth + last_pixels + last_filters - 1),
          folds};
}

// Row stationary. Kernel rows lie one below the other, output rows side by side; where both are
// smaller than the array, copies of that set work on other filters and channels. An element takes
// one multiplication a clock: kernel_w for each output of its row. A product of matrices has a
// kernel of one and one row of outputs, its pixels.
ArrayCycles row_stationary(const Accelerator& a, const Layer& l, const Product& p) {
  const bool map = is_convolution(l);
  const int64_t kernel_h = map ? l.kernel_h : 1;
  const int64_t kernel_w = map ? l.kernel_w : 1;
  const int64_t out_rows = map ? l.out_h : 1;
  const int64_t of_row = map ? l.batch * l.out_w : p.pixels;
  const int64_t copies =
      std::max<int64_t>(1, a.rows / kernel_h) * std::max<int64_t>(1, a.columns / out_rows);
  const int64_t planes = p.filters * (p.depth / (kernel_h * kernel_w)) * p.times;
  const int64_t folds = divide_up(kernel_h, a.rows) * divide_up(out_rows, a.columns) *
                        divide_up(planes, copies) * p.serial;
  return {static_cast<double>(folds) * static_cast<double>(of_row * kernel_w), folds};
}

// The tiles, of whole rows, whose partial sums fit into the output buffer and that move least.
Passes best_tiles(const Accelerator& a, const Layer& l, const Product& p) {
  const int64_t room = a.output_buffer_bytes / (a.double_buffered ? 2 : 1);
  const int64_t side_by_side = a.columns * (is_convolution(l) ? l.out_w : 1);
  Passes best;
  double least = -1;
  for (int64_t pixels = 0; pixels < p.pixels;) {
    pixels = std::min(pixels + side_by_side, p.pixels);
    const int64_t sums = pixels * a.accumulator_bytes;
    for (int64_t filters = std::clamp<int64_t>(room / sums, 1, p.filters); filters >= 1;
         filters /= 2) {
      const Passes found = passes_of(a, l, pixels, filters);
      if (least < 0 || found.bytes(l) < least) {
        least = found.bytes(l);
        best = found;
      }
    }
    if (sums >= room) break;
  }
  return best;
}

}  // namespace

Work work_of(const Accelerator& a, const Layer& l) {
  check_fields(a, "accelerator: ");
  check(l);
  Work work;
  Passes passes;
  if (l.kind != LayerKind::kOther) {
    const Product p = product_of(l);
    const bool os = a.dataflow == Dataflow::kOutputStationary;
    const ArrayCycles array = os ? output_stationary(a, p) : row_stationary(a, l, p);
    passes = os ? passes_of(a, l, a.rows, a.columns) : best_tiles(a, l, p);
    // Of attention, the products of two feature maps take every element at every clock.
    const double linear = static_cast<double>(p.pixels * p.depth) * static_cast<double>(p.filters);
    const double maps = l.kind == LayerKind::kAttention ? static_cast<double>(l.macs) - linear : 0;
    work.cycles = array.cycles + std::max(0.0, maps) / static_cast<double>(a.rows * a.columns);
    work.folds = array.folds;
    work.tiles = passes.tiles;
  }
  work.weight_passes = l.weight_on_chip || l.weight_elements == 0 ? 0 : passes.weights;
  work.input_passes = l.input_on_chip || l.input_elements == 0 ? 0 : passes.inputs;
  work.output_passes = l.output_on_chip || l.output_elements == 0 ? 0 : 1;
  return work;
}

}  // namespace eden
