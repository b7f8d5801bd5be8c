#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/cpu/inject_cpu.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

constexpr uint64_t kHalf = uint64_t{1} << 63;
constexpr int64_t kRowBytes = 64;
constexpr int64_t kBitlines = 8 * kRowBytes;

// An injection with all that it points to.
struct Case {
  std::vector<float> input;
  std::vector<float> output;
  std::vector<uint8_t> corrected;
  std::vector<TableEntry> table;
  std::vector<int32_t> order;
  std::vector<float> scales{0.2f, 0.3f};
  std::vector<uint64_t> key{11, 12};
  std::vector<float> bounds{-0.9f, 0.8f};
  InjectParams params{};

  Case(Law law, Stored stored, int64_t copies, int64_t elements) {
    std::mt19937 random(1);
    input.resize(static_cast<size_t>(copies * elements));
    for (float& v : input) v = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
    output.resize(input.size());
    corrected.resize((input.size() + 7) / 8);
    const size_t entries = law == Law::kCell ? 1 : law == Law::kBitline ? 512 : 1000;
    for (size_t i = 0; i < entries; ++i) {
      // From far below the dense rung into it, every kind of failure.
      const bool dense = i % 3 == 0;
      const uint64_t stress = dense ? kDenseStart : kDenseStart >> (i % 11);
      table.push_back({stress, dense ? kHalf >> (i % 7) : 0, i % 5 == 0 ? kAlways : kHalf, kHalf});
    }
    order.resize(static_cast<size_t>(kBitlines));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    params.element = ElementType::kFp32;
    params.stored = stored;
    params.law = law;
    params.entries = static_cast<int64_t>(entries);
    params.ranks = law == Law::kBitline ? kBitlines : 0;
    params.scale_count = stored >= Stored::kInt16 ? 2 : 0;
    params.elements = elements;
    params.copies = copies;
    params.first_copy = 5;
    params.address = 8192 - 512;
    params.row_bytes = kRowBytes;
    params.correction = Correction::kZero;
  }

  // Points at the vectors where they now are.
  const InjectParams& pointed() {
    params.input = input.data();
    params.output = output.data();
    params.corrected = corrected.data();
    params.key = key.data();
    params.bounds = bounds.data();
    params.table = table.data();
    params.rank_columns = params.law == Law::kBitline ? order.data() : nullptr;
    params.scales = params.scale_count > 0 ? scales.data() : nullptr;
    return params;
  }
};

}  // namespace

TEST_CASE("units may be run in any order and cut in any way", "[inject]") {
  const auto law = GENERATE(Law::kCell, Law::kBitline, Law::kWordline);
  const auto stored = GENERATE(Stored::kFp32, Stored::kBf16, Stored::kInt8, Stored::kInt4);
  const auto [copies, elements] =
      GENERATE(table<int64_t, int64_t>({{1, 9000}, {7, 1002}, {100, 30}}));
  Case whole(law, stored, copies, elements);
  const InjectPlan plan(whole.pointed(), 1);
  plan.run(0, plan.units());
  CHECK(whole.output != whole.input);
  CHECK(std::count(whole.corrected.begin(), whole.corrected.end(), 0) <
        static_cast<int64_t>(whole.corrected.size()));

  const int threads = GENERATE(1, 2, 16);
  Case cut(law, stored, copies, elements);
  const InjectPlan other(cut.pointed(), threads);
  std::vector<int64_t> units(static_cast<size_t>(other.units()));
  std::iota(units.begin(), units.end(), 0);
  std::shuffle(units.begin(), units.end(), std::mt19937(static_cast<unsigned>(threads)));
  for (const int64_t unit : units) other.run(unit, unit + 1);
  CHECK(cut.output == whole.output);
  CHECK(cut.corrected == whole.corrected);
}

TEST_CASE("a plan for nothing has no units", "[inject]") {
  Case empty(Law::kCell, Stored::kFp32, 3, 0);
  CHECK(InjectPlan(empty.pointed(), 4).units() == 0);
}

TEST_CASE("values on both sides of a unit's end are written", "[inject]") {
  // Elements 127 and 128 of this tensor lie on the two sides of a segment's end.
  Case all(Law::kCell, Stored::kFp32, 1, 200);
  all.table = {{kDenseStart, kAlways, kAlways, kAlways}};
  all.params.correction = Correction::kOff;
  const InjectPlan plan(all.pointed(), 1);
  REQUIRE(plan.units() == 2);
  plan.run(1, 2);
  for (size_t i = 0; i < 200; ++i) {
    const uint32_t flipped = ~bits_from_float(all.input[i]);
    CHECK(bits_from_float(all.output[i]) == (i < 128 ? 0 : flipped));
  }
}
