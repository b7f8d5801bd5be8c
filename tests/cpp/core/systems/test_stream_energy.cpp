#include <cmath>
#include <stdexcept>

#include "csrc/core/devices/device_json.h"
#include "csrc/core/systems/stream_energy.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/devices/small_device.h"

using namespace eden;

namespace {

const Device kDevice = parse_device(small_device().dump());
const Settings kRated{1.35, 13.75e-9, 13.75e-9}, kLow{1.0, 10e-9, 10e-9};
const std::vector<VoltageLaw> kLaws{VoltageLaw::kLinear, VoltageLaw::kCv2, VoltageLaw::kArray};

}  // namespace

TEST_CASE("one line read is worked out by hand", "[stream_energy]") {
  // One activate, precharge and burst of each of 8 chips at 1.35 V; 48.75 ns over 1 - 160 / 7800.
  const auto e = stream_energy(kDevice, {{{false, Interleave::kBanks, 0, 64}, kRated, 2}}, kLaws);
  CHECK(std::abs(e.joules[0].read / (2 * 8 * 1.35 * 5e-9 * 0.1) - 1) < 1e-12);
  CHECK(std::abs(e.joules[0].activate / (2 * 8 * 1.35 * 35e-9 * 0.015) - 1) < 1e-12);
  CHECK(std::abs(e.joules[0].precharge / (2 * 8 * 1.35 * 13.75e-9 * 0.027) - 1) < 1e-12);
  CHECK(std::abs(e.seconds / (2 * 48.75e-9 / (1 - 160.0 / 7800)) - 1) < 1e-12);
  // The currents hold at 1.35 V: the laws agree there.
  CHECK(e.joules[1].total() == e.joules[0].total());
  CHECK(e.joules[2].total() == e.joules[0].total());
}

TEST_CASE("joules by point are those of each access alone", "[stream_energy]") {
  const std::vector<StreamAccess> accesses{{false, Interleave::kBanks, 0, 700},
                                           {true, Interleave::kLines, 64, 500}};
  const std::vector<double> times{1, 2.5};
  const std::vector<TransferPoint> points{{kRated}, {kLow}, {kRated, 4}};
  for (const VoltageLaw law : kLaws) {
    const auto joules = joules_by_point(kDevice, accesses, times, points, law);
    REQUIRE(joules.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      REQUIRE(joules[i].size() == points.size());
      for (std::size_t o = 0; o < points.size(); ++o) {
        const Transfer alone{accesses[i], points[o].at, times[i], points[o].refresh_stretch};
        CHECK(joules[i][o] == stream_energy(kDevice, {alone}, {law}).joules[0].total());
      }
    }
    CHECK(joules[0][1] < joules[0][0]);
  }
  CHECK(joules_by_point(kDevice, {}, {}, points, kLaws[0]).empty());
  CHECK_THROWS_AS(joules_by_point(kDevice, accesses, {1}, points, kLaws[0]), std::invalid_argument);
  CHECK_THROWS_AS(joules_by_point(kDevice, accesses, times, {{{NAN, 1e-8, 1e-8}}}, kLaws[0]),
                  std::invalid_argument);
}
