#include <stdexcept>
#include <vector>

#include "csrc/core/address/bit_map.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

// 2 channels of 2 ranks of 4 groups of 2 banks of 16 rows of 8 requests: 13 bits of lines.
Organisation organisation() {
  Organisation o;
  o.channels = 2;
  o.ranks = 2;
  o.bank_groups = 4;
  o.banks_per_group = 2;
  o.rows = 16;
  o.row_bytes = 512;
  o.request_bytes = 64;
  return o;
}

bool same(const Place& a, const Place& b) {
  return a.channel == b.channel && a.rank == b.rank && a.group == b.group && a.bank == b.bank &&
         a.row == b.row && a.column == b.column;
}

}  // namespace

TEST_CASE("every line has one place and every place one line", "[bit_map]") {
  const std::string text = GENERATE(as<std::string>{}, "RoBaRaCoCh", "ChRaBaRoCo", "MOP4CLXOR",
                                    "ba ro[2:] co bg ra ch ro[:2]",
                                    "co ro ba bg ra ch; bg ^= ro; ba ^= ro[3]; ro[0] ^= co[1]");
  const BitMap map(organisation(), text);
  const uint64_t lines = static_cast<uint64_t>(organisation().size_bytes()) / 64;
  std::vector<bool> seen(lines, false);
  for (uint64_t line = 0; line < lines; ++line) {
    const Place p = map.place(line * 64 + line % 64);
    const auto index =
        static_cast<std::size_t>((((p.channel * 16 + map.bank_of(p)) * 16 + p.row) * 8) + p.column);
    REQUIRE_FALSE(seen[index]);
    seen[index] = true;
    REQUIRE(map.address(p) == line * 64);
  }
}

TEST_CASE("bits go where the map says", "[bit_map]") {
  // From the lowest: 1 bit channel, 3 column, 1 rank, 2 group, 1 bank, 4 row.
  const BitMap plain(organisation(), "RoBaRaCoCh");
  CHECK(same(plain.place(64 * 0b1010'1'10'0'011'1), {1, 0, 2, 1, 10, 3}));
  CHECK(plain.bank_of({1, 1, 2, 1, 10, 3}) == (1 * 4 + 2) * 2 + 1);
  // From the lowest: 3 column, 4 row, 1 bank, 2 group, 1 rank, 1 channel.
  const BitMap rows(organisation(), "ChRaBaRoCo");
  CHECK(same(rows.place(64 * 0b1'0'10'1'1010'011), {1, 0, 2, 1, 10, 3}));
  // 2 of the column, channel, rank, group, bank, the column's third, row; the column's bits are
  // xored into channel, rank and group in turn.
  const BitMap mop(organisation(), "MOP4CLXOR");
  CHECK(same(mop.place(64 * 0b1010'1'1'10'0'1'11), {0, 1, 3, 1, 10, 7}));
}

TEST_CASE("maps that cannot be undone are refused", "[bit_map]") {
  const auto refused = [](const char* text) {
    CHECK_THROWS_AS(BitMap(organisation(), text), std::invalid_argument);
  };
  refused("");
  refused("RoCo");
  refused("ro ba bg ra co");         // no channel
  refused("ro ba bg ra co ch ch");   // twice
  refused("ro ba bg ra co[1:] ch");  // a bit is missing
  refused("ro ba bg ra co ch; ro ^= ro");
  refused("ro ba bg ra co ch; ro ba");
  refused("ro ba bg ra co ch; xx ^= ro");
  refused("ro[4] ba bg ra co ch");
  refused("ro[2 ba bg ra co ch");
  refused("ro[-1:] ba bg ra co ch");
  try {
    BitMap(organisation(), "ro\nba xx");
    FAIL("accepted");
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
  }
}

TEST_CASE("addresses and places beyond the module are refused", "[bit_map]") {
  const BitMap map(organisation(), "RoBaRaCoCh");
  const auto size = static_cast<uint64_t>(organisation().size_bytes());
  CHECK(map.place(size - 1).row == 15);
  CHECK_THROWS_AS(map.place(size), std::invalid_argument);
  CHECK_THROWS_AS(map.place(UINT64_MAX), std::invalid_argument);
  CHECK_THROWS_AS(map.address({0, 0, 0, 0, 16, 0}), std::invalid_argument);
  CHECK_THROWS_AS(map.address({0, 0, 0, 0, 0, -1}), std::invalid_argument);
}
