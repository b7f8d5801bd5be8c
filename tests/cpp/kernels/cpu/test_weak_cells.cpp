#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "kernels/access/check.h"
#include "kernels/access/kept.h"
#include "kernels/access/stored_bits.h"
#include "kernels/cpu/inject.h"
#include "kernels/cpu/weak_cells.h"
#include "kernels/law/cells.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/kernels/cpu/injection.h"

using namespace eden;

namespace {

std::vector<int32_t> kept_of(const InjectParams& params, int64_t most_bytes = INT64_MAX) {
  WeakCellsPlan plan(params, most_bytes);
  std::vector<int64_t> units(static_cast<size_t>(plan.units()));
  std::iota(units.begin(), units.end(), 0);
  std::shuffle(units.begin(), units.end(), std::mt19937(1));
  for (const int64_t unit : units) plan.run(unit, unit + 1);
  std::vector<int32_t> words(static_cast<size_t>(plan.words()));
  if (!words.empty()) plan.write(words.data());
  return words;
}

// Weak cells that never, always and sometimes fail, as a 1 and as a 0.
void set_failures(int kind, Injection* injection) {
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  for (TableEntry& entry : injection->table) {
    if (kind == 0) entry.fail_one = entry.fail_zero = kAlways;
    if (kind == 1) entry.fail_one = entry.fail_zero = kHalf;
  }
}

}  // namespace

TEST_CASE("an access with kept weak cells reads the same", "[keep]") {
  const auto lookup = GENERATE(Lookup::kCell, Lookup::kBitline, Lookup::kWordline, Lookup::kKnown);
  const auto stored = GENERATE(Stored::kFp32, Stored::kInt8, Stored::kInt4);
  const auto failures = GENERATE(0, 1, 2);
  const auto [copies, elements] = GENERATE(table<int64_t, int64_t>({{1, 9000}, {7, 1002}}));
  Injection found(lookup, stored, copies, elements);
  set_failures(failures, &found);
  const InjectPlan plan(found.pointed(), 2);
  plan.run(0, plan.units());

  Injection recalled(lookup, stored, copies, elements);
  set_failures(failures, &recalled);
  InjectParams params = recalled.pointed();
  const std::vector<int32_t> kept = kept_of(params);
  params.kept = kept.data();
  params.kept_words = static_cast<int64_t>(kept.size());
  params.rank_columns = nullptr;  // their order is not looked at
  CHECK(problem_of_arrays(params).empty());
  const InjectPlan again(params, 2);
  again.run(0, again.units());
  CHECK(recalled.output == found.output);
  CHECK(recalled.corrected == found.corrected);
  // Another access finds the same cells.
  recalled.key[1] = found.key[1] = 99;
  const InjectPlan third(found.pointed(), 2);
  third.run(0, third.units());
  again.run(0, again.units());
  CHECK(recalled.output == found.output);
}

TEST_CASE("what is kept is each weak cell once, of its segment", "[keep]") {
  // Bitlines 0 to 99 of rows of 512 are always weak. The tensor is 3 bytes short of a row at the
  // end of segment 0 and has 5 bytes in segment 1: bits 24 to 511 of row 127 and 0 to 39 of row 0.
  Injection injection(Lookup::kBitline, Stored::kFp32, 1, 0);
  for (size_t i = 0; i < injection.table.size(); ++i) {
    const bool weak = i < 100;
    injection.table[i] = {weak ? kDenseStart : 0, weak ? kAlways : 0, kAlways, kAlways};
  }
  InjectParams params = injection.pointed();
  params.element = ElementType::kRaw8;
  params.correction = Correction::kOff;
  params.address = 8192 - 61;
  params.elements = 61 + 5;
  const std::vector<int32_t> words = kept_of(params);
  const KeptCells kept(words.data(), 2);
  REQUIRE(static_cast<int64_t>(words.size()) == KeptCells::words(2, 76 + 40));
  CHECK(kept.has(KeptCells::kAlwaysFails));
  CHECK(kept.has(KeptCells::kAnyDense));
  CHECK(!kept.has(KeptCells::kByStoredBit));
  CHECK(kept.before(1) == 76);
  CHECK(kept.count() == 76 + 40);
  std::set<int> cells;
  for (int64_t i = 0; i < 76; ++i) cells.insert(kept.cell(i));
  CHECK(cells.size() == 76);
  CHECK(*cells.begin() == 127 * 512 + 24);
  CHECK(*cells.rbegin() == 127 * 512 + 99);
}

TEST_CASE("weak cells that take too much room are not kept", "[keep]") {
  Injection injection(Lookup::kCell, Stored::kFp32, 1, 9000);
  injection.table = {{kDenseStart >> 4, 0, kAlways, kAlways}};
  const InjectParams& params = injection.pointed();
  const auto bytes = static_cast<int64_t>(4 * kept_of(params).size());
  REQUIRE(bytes > 100);
  CHECK(kept_of(params, bytes).size() == kept_of(params).size());
  CHECK(kept_of(params, bytes - 1).empty());
  CHECK(kept_of(params, 0).empty());
  CHECK(kept_of(params, -1).empty());
}

TEST_CASE("nothing is kept of a tensor without elements", "[keep]") {
  Injection empty(Lookup::kBitline, Stored::kInt8, 3, 0);
  const std::vector<int32_t> words = kept_of(empty.pointed());
  CHECK(KeptCells(words.data(), 0).count() == 0);
}

TEST_CASE("kept weak cells that do not fit the tensor are refused", "[keep]") {
  Injection injection(Lookup::kCell, Stored::kFp32, 1,
                      4000);  // 2 segments, from 512 bytes before one
  InjectParams params = injection.pointed();
  const auto problem = [&](const std::vector<int32_t>& words) {
    params.kept = words.data();
    params.kept_words = static_cast<int64_t>(words.size());
    return problem_of_arrays(params);
  };
  REQUIRE(StoredBits(params).segments() == 3);
  CHECK(problem({1, 0, 1, 1, 3, 7 << 16, 9}) == "");
  CHECK(problem({1, 0, 1, 1}) ==
        "number of words of kept is 4, accepted: at least 5 for 3 segments");
  CHECK(problem({1, 0, 2, 1, 3, 7, 9}) ==
        "number of cells of kept before segment 2 is 1, accepted: at least 2, as before the one "
        "before it");
  CHECK(problem({1, 0, 1, 1, -1, 7, 9}) ==
        "number of cells of kept before segment 3 is -1, accepted: at least 1, as before the one "
        "before it");
  CHECK(problem({1, 1, 1, 1, 3, 7, 9}) ==
        "number of cells of kept before segment 0 is 1, accepted: 0");
  CHECK(problem({1, 0, 1, 1, 5, 7, 9}) ==
        "number of words of kept is 7, accepted: 8 for 5 cells of 3 segments");
}

TEST_CASE("kept cells outside the tensor are passed over", "[keep]") {
  Injection injection(Lookup::kCell, Stored::kFp32, 1, 16);  // bytes 7680 to 7743 of segment 0
  injection.params.correction = Correction::kOff;
  InjectParams params = injection.pointed();
  const std::vector<int32_t> words{KeptCells::kAlwaysFails, 0, 3, (8 * 7679 + 7) | (8 * 7680) << 16,
                                   8 * 7744};
  params.kept = words.data();
  params.kept_words = static_cast<int64_t>(words.size());
  REQUIRE(problem_of_arrays(params).empty());
  const InjectPlan plan(params, 1);
  plan.run(0, plan.units());
  CHECK(bits_from_float(injection.output[0]) == (bits_from_float(injection.input[0]) ^ 1));
  CHECK(std::equal(injection.output.begin() + 1, injection.output.end(),
                   injection.input.begin() + 1));
}
