#include <stdexcept>

#include "csrc/core/systems/layer.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/systems/layers.h"

using namespace eden;

TEST_CASE("a layer counts the bytes that its elements take", "[layer]") {
  Layer l = convolution(6, 4, 3, 8);
  l.weight_bits = 4;
  l.input_bits = 32;
  CHECK(l.weight_bytes() == 8 * 4 * 9 / 2);
  CHECK(l.input_bytes() == 4 * 36 * 4);
  CHECK(l.output_bytes() == 8 * 16);
  CHECK(l.pixels() == 16);
  CHECK(l.depth() == 36);
  l.weight_elements = 3;
  CHECK(l.weight_bytes() == 2);  // three halves of a byte
}

TEST_CASE("kinds have names", "[layer]") {
  for (const char* name : {"conv", "depthwise", "linear", "recurrent", "attention", "other"}) {
    CHECK(name_of(layer_kind(name)) == std::string(name));
  }
  CHECK_THROWS_AS(layer_kind("pooling"), std::invalid_argument);
}

TEST_CASE("a layer that cannot be is refused by name", "[layer]") {
  const auto refused = [](auto change) {
    Layer l = convolution(6, 4, 3, 8);
    change(l);
    return complaint_of([&] { check(l); });
  };
  CHECK(refused([](Layer&) {}) == "none");
  CHECK(refused([](Layer& l) { l.batch = 0; }) ==
        "layer conv: batch is 0, accepted: an integer from 1 to 16777216");
  CHECK(refused([](Layer& l) { l.groups = 3; }) ==
        "layer conv: in_channels is 4, accepted: a multiple of its 3 groups");
  CHECK(refused([](Layer& l) { ++l.weight_elements; }) ==
        "layer conv: weight_elements is 289, accepted: 288, as its shapes say");
  CHECK(refused([](Layer& l) { --l.input_elements; }) ==
        "layer conv: input_elements is 143, accepted: 144, as its shapes say");
  CHECK(refused([](Layer& l) { l.output_elements = 0; }) ==
        "layer conv: output_elements is 0, accepted: 128, as its shapes say");
  CHECK(refused([](Layer& l) { l.macs = 1; }) ==
        "layer conv: macs is 1, accepted: 4608, as its shapes say");
  CHECK(refused([](Layer& l) { l.kind = LayerKind::kDepthwise; }) ==
        "layer conv: groups is 1, accepted: its in_channels, as it is depthwise");
  CHECK(refused([](Layer& l) { l.weight_bits = 65; }) ==
        "layer conv: weight_bits is 65, accepted: an integer from 1 to 64");
}
