#include <cmath>
#include <stdexcept>

#include "tests/cpp/catch.h"
#include "tests/cpp/core/systems/small_streams.h"

using namespace eden;

namespace {

Transfer access(int64_t banks, int64_t address, int64_t bytes, bool write = false) {
  return {{write, banks, address, bytes}, kSmallRated};
}

std::vector<CommandCounts> counts(Streams streams, const std::vector<Transfer>& transfers) {
  OpenRows open;
  std::vector<CommandCounts> found;
  for (const Transfer& t : transfers) found.push_back(streams.counts(t, &open));
  return found;
}

double length(const CommandCounts& n) { return n.active_cycles + n.precharged_cycles; }

bool close(double a, double b) { return std::abs(a - b) <= 1e-3 * std::abs(b); }

}  // namespace

TEST_CASE("a line of another row waits for the row before it", "[streaming]") {
  // Behind a read: tRTP + tRP + tRCD; behind a write: CWL + BL + tWR + tRP + tRCDW.
  const auto n = counts(small_streams(), {access(1, 0, 1), access(1, 0, 64, true)});
  CHECK(close(n[0].activates, 1));
  CHECK(close(n[0].reads, 1));
  CHECK(close(length(n[0]), 13 + 7 + 6));
  CHECK(close(n[0].precharged_cycles, 7));
  CHECK(close(n[1].writes, 1));
  // That row is open by now: the burst is tCCD_L, as in one bank group.
  CHECK(n[1].activates < 0.01);
  CHECK(close(length(n[1]), 9));
  const auto written = counts(small_streams(), {access(1, 256, 64, true)});
  CHECK(close(length(written[0]), 3 + 2 + 11 + 7 + 4));
}

TEST_CASE("rows of a bank show their opening, one after the other", "[streaming]") {
  // Three rows of four lines, the first of which is opened behind another: between columns 9.
  const auto n = counts(small_streams(), {access(1, 0, 3 * 256)});
  CHECK(close(n[0].activates, 3));
  CHECK(close(length(n[0]), 3 * (26 + 3 * 9)));
}

TEST_CASE("of many turns some stand for the others", "[streaming]") {
  const auto banks = GENERATE(1, 2, 4);
  const int64_t turn = banks * 256;
  const auto few = counts(small_streams(), {access(banks, 64, 2 * turn)})[0];
  const auto more = counts(small_streams(), {access(banks, 64, 3 * turn)})[0];
  const auto many = counts(small_streams(), {access(banks, 64, 7 * turn)})[0];
  CHECK(close(many.activates, more.activates + 4.0 * banks));
  CHECK(close(length(many), length(more) + 4 * (length(more) - length(few))));
}

TEST_CASE("bursts follow each other by clocks, however short these are", "[streaming]") {
  Device device = small_banks();
  device.geometry.row_bytes = 4096;
  device.timing.clock_seconds = GENERATE(1e-9, 1.6e-9, 2e-9, 3e-9);
  nlohmann::json memory = small_memory();
  memory["clocks"]["tCCD_L"] = 2;
  // Behind rows that are open: BL = tCCD_S = 2 clocks each.
  const auto few = counts(small_streams(device, memory), {access(4, 0, 100 * 64)})[0];
  const auto many = counts(small_streams(device, memory), {access(4, 0, 200 * 64)})[0];
  CHECK(close(length(many) - length(few), 2 * 100));
}

TEST_CASE("a refresh closes the rows that are opened again", "[streaming]") {
  // Every 500 clocks, of which tRP + tRFC and the opening are lost to the stream.
  const auto n = counts(small_streams(small_banks(1e-6)), {access(4, 0, 8 * 4 * 256)})[0];
  const auto never = counts(small_streams(), {access(4, 0, 8 * 4 * 256)})[0];
  CHECK(close(n.refreshes, length(n) / 500));
  const double each = (length(n) - length(never)) / n.refreshes;
  CHECK(each > 50 + 7);
  CHECK(each < 50 + 7 + 13 + 6 + 40);
  const double again = (n.activates - never.activates) / n.refreshes;
  CHECK(again > 2);
  CHECK(again <= 4.01);
  Transfer seldom = access(4, 0, 8 * 4 * 256);
  seldom.refresh_stretch = 4;
  CHECK(counts(small_streams(small_banks(1e-6)), {seldom})[0].refreshes < n.refreshes / 4);
}

TEST_CASE("lower latencies save time and no commands", "[streaming]") {
  const auto banks = GENERATE(1, 4);
  Transfer fast = access(banks, 0, 2048);
  const auto rated = counts(small_streams(), {fast})[0];
  fast.at.trcd_seconds = fast.at.trp_seconds = 4e-9;
  const auto lower = counts(small_streams(), {fast})[0];
  CHECK(length(lower) < length(rated));
  CHECK(close(lower.activates, rated.activates));
  CHECK(lower.reads == rated.reads);
}

TEST_CASE("accesses outside the module are refused", "[streaming]") {
  const int64_t size = small_banks().geometry.size_bytes();
  Transfer nowhere = access(1, 0, 64);
  nowhere.at.trcd_seconds = NAN;
  for (const auto& bad :
       {access(1, 0, 0), access(4, -1, 4), access(1, size - 1, 2), access(4, 1, INT64_MAX),
        access(4, size, 1), access(0, 0, 1), access(5, 0, 1), nowhere}) {
    CHECK_THROWS_AS(counts(small_streams(), {bad}), std::invalid_argument);
  }
}
