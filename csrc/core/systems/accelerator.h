#pragma once

#include <cstdint>
#include <string>

#include "csrc/core/systems/layer.h"

namespace eden {

// What stays in a processing element while it works. Output stationary: an element makes one output
// from first to last; columns are filters and rows are pixels, and what goes in moves from element
// to element (TPU as SCALE-Sim has it). Row stationary: an element keeps a row of a filter and
// makes a row of partial sums with a row of the input; the elements of a column add theirs up
// (Eyeriss).
enum class Dataflow { kOutputStationary, kRowStationary };

// An array of processing elements, one multiply-accumulate a clock each, between three buffers.
struct Accelerator {
  Dataflow dataflow = Dataflow::kOutputStationary;
  int64_t rows = 1;
  int64_t columns = 1;
  double clock_hz = 1e9;
  int64_t input_buffer_bytes = 0;
  int64_t weight_buffer_bytes = 0;
  int64_t output_buffer_bytes = 0;
  int64_t accumulator_bytes = 4;  // of a partial sum in the output buffer
  // Half of a buffer is filled while the other is used, so that DRAM and arithmetic overlap.
  bool double_buffered = true;
};

template <>
struct FieldsOf<Accelerator> {
  using T = Accelerator;
  static constexpr double kMost = 1LL << 40;
  static constexpr Field<T> list[] = {
      {"rows", &T::rows, 1, 1 << 16},
      {"columns", &T::columns, 1, 1 << 16},
      {"clock_hz", &T::clock_hz, 1e3, 1e12},
      {"input_buffer_bytes", &T::input_buffer_bytes, 1, kMost},
      {"weight_buffer_bytes", &T::weight_buffer_bytes, 1, kMost},
      {"output_buffer_bytes", &T::output_buffer_bytes, 1, kMost},
      {"accumulator_bytes", &T::accumulator_bytes, 1, 16},
      {"double_buffered", &T::double_buffered},
  };
};

// What a layer takes: clocks of the array, and how often each tensor crosses between it and DRAM.
struct Work {
  double cycles = 0;
  int64_t folds = 1;  // times the array is filled anew
  int64_t tiles = 1;  // parts of the layer between which the buffers are filled anew
  // Reads of the whole tensor and, of outputs, writes; 0 for what is on the chip.
  double weight_passes = 0;
  double input_passes = 0;
  double output_passes = 0;
};

template <>
struct FieldsOf<Work> {
  using T = Work;
  static constexpr Field<T> list[] = {
      {"cycles", &T::cycles},
      {"folds", &T::folds},
      {"tiles", &T::tiles},
      {"weight_passes", &T::weight_passes},
      {"input_passes", &T::input_passes},
      {"output_passes", &T::output_passes},
  };
};

// The work of one layer, in closed form. Of a layer of kind `kOther` only its bytes count, once
// each. Throws std::invalid_argument for a layer or an accelerator that cannot be.
Work work_of(const Accelerator& accelerator, const Layer& layer);

}  // namespace eden
