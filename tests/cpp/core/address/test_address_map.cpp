#include <stdexcept>

#include "csrc/core/address/address_map.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

// 4 banks of 8 rows of 256 bytes, 64-byte lines.
const Geometry kGeometry{8, 8, 4, 8, 2, 256, 64};

}  // namespace

TEST_CASE("every byte has one place and every place one byte", "[address]") {
  const auto order = GENERATE(Interleave::kLines, Interleave::kBanks);
  std::vector<bool> seen(static_cast<std::size_t>(kGeometry.size_bytes()), false);
  for (int64_t address = 0; address < kGeometry.size_bytes(); ++address) {
    const Location at = locate(kGeometry, order, address);
    REQUIRE(address_of(kGeometry, order, at) == address);
    const auto place =
        static_cast<std::size_t>((at.bank * kGeometry.rows_per_bank + at.row) * 256 + at.column);
    REQUIRE_FALSE(seen[place]);
    seen[place] = true;
  }
}

TEST_CASE("lines go round the banks", "[address]") {
  const auto is = [](int64_t address, int64_t bank, int64_t row, int64_t column) {
    const Location at = locate(kGeometry, Interleave::kLines, address);
    return at.bank == bank && at.row == row && at.column == column;
  };
  CHECK(is(0, 0, 0, 0));
  CHECK(is(63, 0, 0, 63));
  CHECK(is(64, 1, 0, 0));
  CHECK(is(3 * 64 + 5, 3, 0, 5));
  CHECK(is(4 * 64, 0, 0, 64));
  // A row holds 4 lines: line 16 is the first of row 1.
  CHECK(is(16 * 64, 0, 1, 0));
  CHECK(is(kGeometry.size_bytes() - 1, 3, 7, 255));
}

TEST_CASE("banks follow one another", "[address]") {
  const Location at = locate(kGeometry, Interleave::kBanks, 2 * 2048 + 3 * 256 + 17);
  CHECK(at.bank == 2);
  CHECK(at.row == 3);
  CHECK(at.column == 17);
}

TEST_CASE("places outside the module are refused", "[address]") {
  const auto order = GENERATE(Interleave::kLines, Interleave::kBanks);
  CHECK_THROWS_AS(locate(kGeometry, order, -1), std::invalid_argument);
  CHECK_THROWS_AS(locate(kGeometry, order, kGeometry.size_bytes()), std::invalid_argument);
  CHECK_THROWS_AS(address_of(kGeometry, order, {4, 0, 0}), std::invalid_argument);
  CHECK_THROWS_AS(address_of(kGeometry, order, {0, 8, 0}), std::invalid_argument);
  CHECK_THROWS_AS(address_of(kGeometry, order, {0, 0, -1}), std::invalid_argument);
}
