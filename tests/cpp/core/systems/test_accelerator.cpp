#include <stdexcept>

#include "csrc/core/systems/accelerator.h"
#include "csrc/core/systems/tiling.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/systems/layers.h"

using namespace eden;

namespace {

// The array of the TPU and of Eyeriss, and one small enough for a pencil.
const Accelerator kTpu{
    Dataflow::kOutputStationary, 256, 256, 700e6, 8 << 20, 8 << 20, 8 << 20, 4, true};
const Accelerator kEyeriss{
    Dataflow::kRowStationary, 12, 14, 200e6, 108 << 10, 108 << 10, 108 << 10, 2, true};
const Accelerator kSmall{Dataflow::kOutputStationary, 4, 4, 1e6, 64, 64, 64, 4, true};

void check_once(const Work& w) {
  CHECK(w.weight_passes == 1);
  CHECK(w.input_passes == 1);
  CHECK(w.output_passes == 1);
}

}  // namespace

TEST_CASE("output stationary: clocks by hand", "[accelerator]") {
  // 414^2 = 171,396 pixels in 670 folds of 256, each longer than its depth of 27; the last has 132
  // pixels and 16 filters: 669 * 256 + 27 + 132 + 16 - 1.
  const Work wide = work_of(kTpu, convolution(416, 3, 3, 16));
  CHECK(wide.cycles == 171438);
  CHECK(wide.folds == 670);
  // 101^2 = 10,201 pixels in 40 folds of depth 288; the last has 217 pixels and 64 filters:
  // 39 * 288 + 288 + 217 + 64 - 1.
  CHECK(work_of(kTpu, convolution(103, 32, 3, 64)).cycles == 11800);
  // 49 pixels and 125 filters in one fold of depth 1,024.
  CHECK(work_of(kTpu, convolution(7, 1024, 1, 125)).cycles == 1024 + 49 + 125 - 1);
  // Two folds of filters, of depth 2,304 with 121 pixels: 2304 + 2304 + 121 + 256 - 1.
  const Work deep = work_of(kTpu, convolution(13, 256, 3, 512));
  CHECK(deep.cycles == 4984);
  CHECK(deep.folds == 2);
}

TEST_CASE("output stationary: a channel a group uses one column", "[accelerator]") {
  // 8 groups of 16 pixels and one filter of depth 9, four folds of 4 pixels each:
  // 31 * 9 + 9 + 4 + 1 - 1.
  const Work w = work_of(kSmall, convolution(6, 8, 3, 8, 8));
  CHECK(w.folds == 32);
  CHECK(w.cycles == 31 * 9 + 9 + 4);
}

TEST_CASE("output stationary: what fits is read once", "[accelerator]") {
  for (const Layer& l :
       {convolution(416, 3, 3, 16), convolution(52, 64, 3, 128), linear(1, 25088, 4096)}) {
    check_once(work_of(kTpu, l));
  }
  // 9.4 MB of filters, but each is used in one fold only.
  check_once(work_of(kTpu, convolution(9, 1024, 3, 1024)));
}

TEST_CASE("output stationary: what does not fit comes by again", "[accelerator]") {
  // 8 rows of 32 features against 8 filters: 256 bytes each, and buffers of 64, by halves 32.
  // Two tiles of 4 rows (128 bytes) and two of 4 filters (128 bytes): neither stays. Either order
  // reads both twice.
  Work w = work_of(kSmall, linear(8, 32, 8));
  CHECK(w.weight_passes == 2);
  CHECK(w.input_passes == 2);
  CHECK(w.tiles == 4);
  // A tile of 4 filters of depth 8 is 32 bytes and stays in its half: weights are read once, and
  // the inputs (of 128 bytes) once for each of two tiles of filters, unless a strip of 4 rows stays
  // too (32 bytes): then the inputs are read once, and the weights, 64 bytes, fit whole.
  w = work_of(kSmall, linear(16, 8, 8));
  CHECK(w.weight_passes == 1);
  CHECK(w.input_passes == 1);
  // With 32 filters they do not fit: eight tiles against four strips. Filters outside: 256 bytes
  // of weights once and 128 of inputs eight times; pixels outside, which is less: 256 four times
  // and 128 once.
  w = work_of(kSmall, linear(16, 8, 32));
  CHECK(w.weight_passes == 4);
  CHECK(w.input_passes == 1);
  // Twice as many rows, 256 bytes: 256 + 8 * 256 against 8 * 256 + 256; of equals, filters outside.
  w = work_of(kSmall, linear(32, 8, 32));
  CHECK(w.weight_passes == 1);
  CHECK(w.input_passes == 8);
  // And fewer: two strips. 256 + 8 * 64 is more than 2 * 256 + 64, but 64 bytes fit whole.
  w = work_of(kSmall, linear(8, 8, 32));
  CHECK(w.weight_passes == 1);
  CHECK(w.input_passes == 1);
  // Without double buffering a tile may fill its buffer.
  Accelerator single = kSmall;
  single.double_buffered = false;
  w = work_of(single, linear(8, 16, 8));
  CHECK(w.weight_passes == 1);
  CHECK(w.input_passes == 2);
}

TEST_CASE("row stationary: clocks by hand", "[accelerator]") {
  // 3 x 3 on 12 x 14: four sets of kernel rows below each other. 14 output rows fill the columns.
  // 16 filters of 8 channels: 128 planes in 32 folds of 14 outputs of 3 multiplications.
  Work w = work_of(kEyeriss, convolution(16, 8, 3, 16));
  CHECK(w.folds == 32);
  CHECK(w.cycles == 32 * 14 * 3);
  // 28 output rows are two strips.
  w = work_of(kEyeriss, convolution(30, 8, 3, 16));
  CHECK(w.folds == 64);
  CHECK(w.cycles == 64 * 28 * 3);
  // 7 output rows leave room for two more sets beside: eight copies.
  w = work_of(kEyeriss, convolution(9, 8, 3, 16));
  CHECK(w.cycles == 16 * 7 * 3);
  // A kernel of 13 rows takes two folds of its own.
  w = work_of(kEyeriss, convolution(26, 1, 13, 1));
  CHECK(w.cycles == 2 * 14 * 13);
  // A product with a vector takes all 168 elements.
  CHECK(work_of(kEyeriss, linear(1, 168, 10)).cycles == 10);
  CHECK(work_of(kEyeriss, linear(1, 169, 10)).cycles == 11);
}

TEST_CASE("row stationary: tiles that move least", "[accelerator]") {
  check_once(work_of(kEyeriss, convolution(16, 8, 3, 16)));
  // 512 filters of 512 channels: 2.36 MB of weights, and 14^2 * 512 = 100 KB of inputs, which fit.
  check_once(work_of(kEyeriss, convolution(14, 512, 3, 512)));
  // 56^2 * 256 = 803 KB of inputs and 590 KB of weights. 54 KB of partial sums hold a strip of 14
  // rows (of 54 pixels, two bytes) for 36 filters; half of the buffers a strip of neither.
  const Layer large = convolution(56, 256, 3, 256);
  const Work w = work_of(kEyeriss, large);
  CHECK(w.output_passes == 1);
  const double moved = w.weight_passes * static_cast<double>(large.weight_bytes()) +
                       w.input_passes * static_cast<double>(large.input_bytes());
  // No other tile of whole strips moves less.
  for (int64_t rows = 14; rows <= 54; rows += 14) {
    for (int64_t filters = 1; 2 * filters * rows * 54 <= 54 << 10; ++filters) {
      const Passes other = passes_of(kEyeriss, large, rows * 54, filters);
      CHECK(moved <= 1.1 * other.bytes(large));  // tiles of filters are tried by halves
    }
  }
}

TEST_CASE("a dilated kernel needs more rows of its input", "[accelerator]") {
  // A strip of one row of 64 pixels of 64 channels is 4 KB; three rows of a kernel are 12 KB, and
  // with a dilation of 8 they lie over 17 rows, 68 KB, which a buffer of 40 KB does not hold.
  Accelerator a = kTpu;
  a.input_buffer_bytes = 40 << 10;
  a.weight_buffer_bytes = 1 << 10;
  a.double_buffered = false;
  Layer l = convolution(64, 64, 3, 64);
  const Passes near = passes_of(a, l, l.out_w, 16);
  l.dilation_h = 8;
  const Passes far = passes_of(a, l, l.out_w, 16);
  CHECK(near.inputs == 1);
  CHECK(far.inputs == 4);  // 64 filters by 16
}

TEST_CASE("recurrent weights come by each step unless they fit", "[accelerator]") {
  Layer l;
  l.name = "rnn";
  l.kind = LayerKind::kRecurrent;
  l.in_channels = l.out_channels = 2;
  l.in_h = l.out_h = l.steps = 5;
  l.weight_elements = 4 * 8;  // four gates of 2 by 2 + 2
  l.input_elements = l.output_elements = 10;
  l.macs = 5 * 32;
  CHECK(work_of(kSmall, l).weight_passes == 1);
  l.weight_bits = 32;
  const Work w = work_of(kSmall, l);
  CHECK(w.weight_passes == 5);
  CHECK(w.input_passes == 1);
  // Two folds of filters in each of five steps, of depth 4: nine, and the last with its 4 filters
  // and one pixel.
  CHECK(w.folds == 10);
  CHECK(w.cycles == 9 * 4 + 4 + 1 + 4 - 1);
}

TEST_CASE("what is on the chip is not moved", "[accelerator]") {
  Layer l = convolution(16, 8, 3, 16);
  l.input_on_chip = l.output_on_chip = true;
  const Work w = work_of(kTpu, l);
  CHECK(w.weight_passes == 1);
  CHECK(w.input_passes == 0);
  CHECK(w.output_passes == 0);
}

TEST_CASE("of an unknown layer the bytes count once", "[accelerator]") {
  Layer l;
  l.name = "odd";
  l.weight_elements = 1 << 30;
  l.input_elements = 7;
  const Work w = work_of(kTpu, l);
  CHECK(w.cycles == 0);
  CHECK(w.weight_passes == 1);
  CHECK(w.input_passes == 1);
  CHECK(w.output_passes == 0);
}

TEST_CASE("an accelerator that cannot be is refused", "[accelerator]") {
  Accelerator a = kTpu;
  a.rows = 0;
  CHECK(complaint_of([&] { work_of(a, linear(1, 2, 3)); }) ==
        "accelerator: rows is 0, accepted: an integer from 1 to 65536");
}
