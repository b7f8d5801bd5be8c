#include <cmath>
#include <stdexcept>

#include "csrc/core/systems/streaming.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

constexpr double kNs = 1e-9;

// 8 banks of 16 rows of 512 bytes (8 lines); a burst takes 5 ns.
const Geometry kGeometry{8, 8, 8, 16, 4, 512, 64};
const Timing kTiming{1.25 * kNs, 4, 35 * kNs, 48.75 * kNs, 160 * kNs, 7800 * kNs};

Transfer access(Interleave order, int64_t address, int64_t bytes, bool write = false) {
  return {{write, order, address, bytes}, {1.35, 13.75 * kNs, 13.75 * kNs}, 1};
}

// Time without the share that refresh takes.
double busy(const CommandCounts& n) {
  return n.active_cycles * kTiming.clock_seconds * (1 - 160.0 / 7800);
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-9 * std::abs(b); }

}  // namespace

TEST_CASE("one line within a bank", "[streaming]") {
  const auto n = stream(kGeometry, kTiming, {access(Interleave::kBanks, 0, 1)})[0];
  CHECK(n.activates == 1);
  CHECK(n.precharges == 1);
  CHECK(n.reads == 1);
  CHECK(n.writes == 0);
  // tRAS + tRP bounds a row of which one line is read: 35 + 13.75 > 13.75 + 13.75 + 5
  CHECK(close(busy(n), 48.75 * kNs));
  CHECK(n.precharged_cycles == 0);
  CHECK(close(n.refreshes, n.active_cycles * kTiming.clock_seconds / kTiming.trefi_seconds));
}

TEST_CASE("rows within a bank show their opening, one after the other", "[streaming]") {
  // 3 rows and 1 byte of the next: 4 rows, 25 lines; 4 x 27.5 + 25 x 5 ns, more than 4 x 48.75
  const auto n = stream(kGeometry, kTiming, {access(Interleave::kBanks, 0, 3 * 512 + 1, true)})[0];
  CHECK(n.activates == 4);
  CHECK(n.writes == 25);
  CHECK(n.reads == 0);
  CHECK(close(busy(n), 235 * kNs));
}

TEST_CASE("an open row is not opened again", "[streaming]") {
  const auto n = stream(kGeometry, kTiming,
                        {access(Interleave::kBanks, 0, 100), access(Interleave::kBanks, 256, 64),
                         access(Interleave::kBanks, 512, 64), access(Interleave::kBanks, 0, 64)});
  CHECK(n[0].activates == 1);
  CHECK(n[1].activates == 0);
  CHECK(n[2].activates == 1);
  CHECK(n[3].activates == 1);
  CHECK(n[0].reads == 2);
  CHECK(close(busy(n[1]), 5 * kNs));
}

TEST_CASE("an access may run over the end of a bank", "[streaming]") {
  const int64_t bank = kGeometry.bank_bytes();
  const auto n = stream(kGeometry, kTiming, {access(Interleave::kBanks, bank - 600, 700)})[0];
  CHECK(n.activates == 3);  // two rows of bank 0, one of bank 1
}

TEST_CASE("interleaved lines hide the openings behind other banks", "[streaming]") {
  // 2 rows of each of the 8 banks: 128 lines. Between two lines of a bank pass 7 x 5 = 35 ns,
  // longer than tRP + tRCD = 27.5 ns, so only the first opening shows.
  const auto n = stream(kGeometry, kTiming, {access(Interleave::kLines, 0, 16 * 512)})[0];
  CHECK(n.activates == 16);
  CHECK(n.reads == 128);
  CHECK(close(busy(n), (128 * 5 + 27.5) * kNs));
  // One line: one bank.
  CHECK(stream(kGeometry, kTiming, {access(Interleave::kLines, 64, 64)})[0].activates == 1);
  // Slower latencies show what the other banks do not cover.
  Transfer slow = access(Interleave::kLines, 0, 16 * 512);
  slow.at.trcd_seconds = slow.at.trp_seconds = 20 * kNs;
  CHECK(close(busy(stream(kGeometry, kTiming, {slow})[0]), (128 * 5 + 40 + (40 - 35)) * kNs));
}

TEST_CASE("lower latencies save time and no commands", "[streaming]") {
  const auto order = GENERATE(Interleave::kLines, Interleave::kBanks);
  Transfer fast = access(order, 0, 4096);
  const auto rated = stream(kGeometry, kTiming, {fast})[0];
  fast.at.trcd_seconds = fast.at.trp_seconds = 10 * kNs;
  const auto lower = stream(kGeometry, kTiming, {fast})[0];
  CHECK(lower.active_cycles < rated.active_cycles);
  CHECK(lower.activates == rated.activates);
  CHECK(lower.reads == rated.reads);
}

TEST_CASE("accesses outside the module are refused", "[streaming]") {
  const int64_t size = kGeometry.size_bytes();
  const auto order = GENERATE(Interleave::kLines, Interleave::kBanks);
  for (const auto& bad : {access(order, 0, 0), access(order, -1, 4), access(order, size - 1, 2),
                          access(order, 1, INT64_MAX), access(order, size, 1)}) {
    CHECK_THROWS_AS(stream(kGeometry, kTiming, {bad}), std::invalid_argument);
  }
  CHECK(stream(kGeometry, kTiming, {access(order, 0, size)})[0].activates == 8 * 16);
}
