#include <set>

#include "csrc/core/processor/cache.h"
#include "csrc/core/processor/pages.h"
#include "csrc/core/processor/parameters.h"
#include "csrc/core/processor/prefetcher.h"
#include "tests/cpp/catch.h"

using namespace eden;

// Two sets of two ways of lines of 64 bytes: even lines lie in one set, odd ones in the other.
TEST_CASE("A set forgets the line that was used least lately", "[processor]") {
  Cache cache(256, 2, 64);
  REQUIRE_FALSE(cache.touch(0, false));
  cache.insert(0, Kind::kInput, false);
  cache.insert(2, Kind::kInput, false);
  cache.insert(1, Kind::kInput, false);  // of the other set
  REQUIRE(cache.touch(0, false));        // 2 is older now
  cache.insert(4, Kind::kInput, false);
  CHECK(cache.holds(0));
  CHECK_FALSE(cache.holds(2));
  CHECK(cache.holds(4));
  CHECK(cache.holds(1));
}

TEST_CASE("A line that was written comes out when it leaves, with whose it is", "[processor]") {
  Cache cache(256, 2, 64);
  cache.insert(0, Kind::kOutput, false);
  cache.insert(2, Kind::kWeight, false);
  REQUIRE(cache.touch(0, true));
  REQUIRE(cache.touch(2, false));
  const Cache::Victim first = cache.insert(4, Kind::kInput, true);
  CHECK(first.dirty);
  CHECK(first.line == 0);
  CHECK(first.kind == Kind::kOutput);
  CHECK_FALSE(cache.insert(6, Kind::kInput, false).dirty);  // 2 was only read
  const Cache::Victim third = cache.insert(8, Kind::kInput, false);
  CHECK(third.dirty);  // 4 came in dirty
  CHECK(third.line == 4);
}

TEST_CASE("More ways keep lines of one set that fewer lose", "[processor]") {
  Cache direct(256, 1, 64), full(256, 4, 64);
  for (uint64_t line : {0, 4, 8, 12}) {
    direct.insert(line, Kind::kInput, false);
    full.insert(line, Kind::kInput, false);
  }
  CHECK_FALSE(direct.holds(0));
  CHECK(direct.holds(12));
  for (uint64_t line : {0, 4, 8, 12}) CHECK(full.holds(line));
}

TEST_CASE("A cache of nothing lets lines through", "[processor]") {
  Cache none(0, 8, 64);
  CHECK_FALSE(none.touch(3, true));
  const Cache::Victim through = none.insert(3, Kind::kOutput, true);
  CHECK(through.dirty);
  CHECK(through.line == 3);
}

TEST_CASE("Pages are scattered one to one, by the seed", "[processor]") {
  // 24 pages: not a power of two.
  Pages pages(4096, 24 * 4096, 1), other(4096, 24 * 4096, 2);
  std::set<uint64_t> seen;
  int moved = 0, different = 0;
  for (uint64_t page = 0; page < 24; ++page) {
    const uint64_t to = pages.physical(page * 4096 + 5);
    CHECK(to % 4096 == 5);
    CHECK(to < 24 * 4096);
    CHECK(to == pages.physical(page * 4096 + 5));
    seen.insert(to / 4096);
    moved += to / 4096 != page;
    different += to != other.physical(page * 4096 + 5);
  }
  CHECK(seen.size() == 24);
  CHECK(moved > 12);
  CHECK(different > 12);
  CHECK(Pages(0, 24 * 4096, 1).physical(70000) == 70000);
}

TEST_CASE("A stream is found at its third line and fetched ahead, within a page", "[processor]") {
  Prefetcher p(2, 2, 4, 64);
  std::vector<uint64_t> fetch;
  p.observe(10, &fetch);
  p.observe(11, &fetch);
  CHECK(fetch.empty());
  p.observe(12, &fetch);
  CHECK(fetch == std::vector<uint64_t>{13, 14});
  fetch.clear();
  p.observe(13, &fetch);
  CHECK(fetch == std::vector<uint64_t>{15, 16});
  fetch.clear();
  p.observe(14, &fetch);  // at most 4 ahead
  CHECK(fetch == std::vector<uint64_t>{17, 18});
  fetch.clear();
  for (uint64_t line : {61, 62, 63}) p.observe(line, &fetch);
  CHECK(fetch.empty());  // 64 lies in the next page
  for (uint64_t line : {130, 129, 128 + 0}) p.observe(line, &fetch);
  CHECK(fetch.empty());  // downwards, at the page's first line
  for (uint64_t line : {205, 204, 203}) p.observe(line, &fetch);
  CHECK(fetch == std::vector<uint64_t>{202, 201});
}

TEST_CASE("Processors that cannot be are refused in one line", "[processor]") {
  const auto said = [](auto change) {
    Processor p;
    change(p);
    return complaint_of([&] { check(p); });
  };
  CHECK(said([](Processor&) {}) == "none");
  CHECK(said([](Processor& p) { p.cores = 0; }) ==
        "processor: cores is 0, accepted: an integer from 1 to 256");
  CHECK(said([](Processor& p) { p.line_bytes = 48; }) ==
        "processor: line_bytes is 48, accepted: a power of two");
  CHECK(
      said([](Processor& p) { p.l2_bytes = 500000; }) ==
      "processor: l2_bytes is 500000, accepted: 0, or 512 bytes (ways of a line) times a power of "
      "two");
  CHECK(said([](Processor& p) { p.shared_ways = 12; }).find("shared_bytes is 8388608") !=
        std::string::npos);
  CHECK(said([](Processor& p) { p.page_bytes = 5000; }) ==
        "processor: page_bytes is 5000, accepted: a power of two");
  CHECK(said([](Processor& p) { p.clock_hz = 0; }).find("clock_hz") != std::string::npos);
  CHECK(complaint_of([] { kernel("winograd"); }) ==
        "kernel is 'winograd', accepted: im2col, direct, tiled");
}
