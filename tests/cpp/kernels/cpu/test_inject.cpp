#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/cpu/inject.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/kernels/cpu/injection.h"

using namespace eden;

TEST_CASE("units may be run in any order and cut in any way", "[inject]") {
  const auto lookup = GENERATE(Lookup::kCell, Lookup::kBitline, Lookup::kWordline, Lookup::kKnown);
  const auto stored = GENERATE(Stored::kFp32, Stored::kBf16, Stored::kInt8, Stored::kInt4);
  const auto [copies, elements] =
      GENERATE(table<int64_t, int64_t>({{1, 9000}, {7, 1002}, {100, 30}}));
  Injection whole(lookup, stored, copies, elements);
  const InjectPlan plan(whole.pointed(), 1);
  plan.run(0, plan.units());
  CHECK(whole.output != whole.input);
  CHECK(std::count(whole.corrected.begin(), whole.corrected.end(), 0) <
        static_cast<int64_t>(whole.corrected.size()));

  const int threads = GENERATE(1, 2, 16);
  Injection cut(lookup, stored, copies, elements);
  const InjectPlan other(cut.pointed(), threads);
  std::vector<int64_t> units(static_cast<size_t>(other.units()));
  std::iota(units.begin(), units.end(), 0);
  std::shuffle(units.begin(), units.end(), std::mt19937(static_cast<unsigned>(threads)));
  for (const int64_t unit : units) other.run(unit, unit + 1);
  CHECK(cut.output == whole.output);
  CHECK(cut.corrected == whole.corrected);
}

TEST_CASE("a plan for nothing has no units", "[inject]") {
  Injection empty(Lookup::kCell, Stored::kFp32, 3, 0);
  CHECK(InjectPlan(empty.pointed(), 4).units() == 0);
}

TEST_CASE("values on both sides of a unit's end are written", "[inject]") {
  // Elements 127 and 128 of this tensor lie on the two sides of a segment's end.
  Injection all(Lookup::kCell, Stored::kFp32, 1, 200);
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

TEST_CASE("a tensor of many segments reads as its parts do", "[inject]") {
  // In few segments bitlines are looked up point by point, else they are put in order first.
  const auto lookup = GENERATE(Lookup::kCell, Lookup::kBitline, Lookup::kWordline, Lookup::kKnown);
  constexpr size_t kParts = 5, kPart = 8000;
  Injection whole(lookup, Stored::kFp32, 1, kParts * kPart);
  while (lookup == Lookup::kWordline && whole.table.size() < 3000) {
    whole.table.push_back(whole.table[whole.table.size() % 1000]);
  }
  whole.params.entries = static_cast<int64_t>(whole.table.size());
  const InjectPlan plan(whole.pointed(), 1);
  REQUIRE(plan.units() == 21);
  plan.run(0, plan.units());
  for (size_t i = 0; i < kParts; ++i) {
    InjectParams params = whole.pointed();
    std::vector<float> output(kPart);
    params.input = whole.input.data() + i * kPart;
    params.output = output.data();
    params.corrected = nullptr;
    params.elements = kPart;
    params.address += static_cast<int64_t>(4 * i * kPart);
    const InjectPlan part(params, 1);
    part.run(0, part.units());
    CHECK(std::equal(output.begin(), output.end(), whole.output.begin() + i * kPart));
  }
}
