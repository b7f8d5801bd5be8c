#include <cmath>
#include <stdexcept>

#include "csrc/core/systems/stream_energy.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/systems/small_streams.h"

using namespace eden;

namespace {

const std::vector<VoltageLaw> kLaws{VoltageLaw::kLinear, VoltageLaw::kCv2, VoltageLaw::kArray};

bool close(double a, double b) { return std::abs(a - b) <= 1e-3 * std::abs(b); }

}  // namespace

TEST_CASE("one line read is worked out by hand", "[stream_energy]") {
  nlohmann::json memory = small_memory();
  memory["interface"] = {{"read_watts_per_pin", 0.01},
                         {"write_watts_per_pin", 0.02},
                         {"read_pins", 9},
                         {"write_pins", 10}};
  Streams streams = small_streams(small_banks(), memory);
  // An activate, a precharge and a burst of each of 2 chips at 1.5 V, twice.
  const auto e = stream_energy(&streams, {{{false, 1, 0, 64}, kSmallRated, 2}}, kLaws);
  CHECK(close(e.joules[0].read, 2 * 2 * 1.5 * 4e-9 * 0.1));
  CHECK(close(e.joules[0].activate, 2 * 2 * 1.5 * 40e-9 * 0.03));
  CHECK(close(e.joules[0].precharge, 2 * 2 * 1.5 * 20e-9 * 0.04));
  CHECK(close(e.interface[0], 2 * 2 * 9 * 0.01 * 4e-9));
  CHECK(close(e.seconds, 2 * 26 * 2e-9));
  // The currents hold at 1.5 V: the laws agree there.
  CHECK(e.joules[1].total() == e.joules[0].total());
  CHECK(e.interface[2] == e.interface[0]);
  Settings low = kSmallRated;
  low.vdd_volts = 0.75;
  const auto half = stream_energy(&streams, {{{false, 1, 0, 64}, low, 2}}, kLaws);
  CHECK(close(half.interface[0], e.interface[0] / 2));
  CHECK(close(half.interface[1], e.interface[0] / 4));
  CHECK(half.interface[2] == e.interface[2]);
}

TEST_CASE("waiting is standby and refresh", "[stream_energy]") {
  const Streams streams = small_streams(small_banks(1e-6));
  const auto e = idle_energy(streams, 1e-3, 1.5, 2, kLaws);
  CHECK(close(e.joules[0].background_precharged, 2 * 1.5 * 1e-3 * 0.02));
  CHECK(close(e.joules[0].refresh, 2 * 1.5 * 500 * 100e-9 * 0.12));
  CHECK(close(e.seconds, 1e-3));
  CHECK(e.joules[0].activate + e.interface[0] == 0);
}

TEST_CASE("joules by point are those of each access alone", "[stream_energy]") {
  Streams streams = small_streams(small_banks(1e-6));
  const std::vector<StreamAccess> accesses{{false, 1, 0, 700}, {true, 4, 64, 500}};
  const std::vector<double> times{1, 2.5};
  const Settings low{1.0, 8e-9, 8e-9};
  const std::vector<TransferPoint> points{{kSmallRated}, {low}, {kSmallRated, 4}};
  for (const VoltageLaw law : kLaws) {
    const auto joules = joules_by_point(&streams, accesses, times, points, law);
    REQUIRE(joules.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      REQUIRE(joules[i].size() == points.size());
      for (std::size_t o = 0; o < points.size(); ++o) {
        const Transfer alone{accesses[i], points[o].at, times[i], points[o].refresh_stretch};
        CHECK(joules[i][o] == stream_energy(&streams, {alone}, {law}).joules[0].total());
      }
    }
    CHECK(joules[0][1] < joules[0][0]);
  }
  CHECK(joules_by_point(&streams, {}, {}, points, kLaws[0]).empty());
  CHECK_THROWS_AS(joules_by_point(&streams, accesses, {1}, points, kLaws[0]),
                  std::invalid_argument);
  CHECK_THROWS_AS(joules_by_point(&streams, accesses, times, {{{NAN, 1e-8, 1e-8}}}, kLaws[0]),
                  std::invalid_argument);
}
