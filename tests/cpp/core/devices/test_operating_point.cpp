#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "csrc/core/devices/device_json.h"
#include "csrc/core/devices/operating_point.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/devices/small_device.h"

using namespace eden;

namespace {

const Device kDevice = parse_device(small_device().dump());

OperatingPoint at(double vdd) { return operating_point(kDevice, vdd, {}, {}); }

bool close(double a, double b) { return std::abs(a - b) <= 1e-12 * std::abs(b); }

std::string refusal(const Device& device, std::optional<double> vdd, std::optional<double> trcd,
                    std::optional<double> trp) {
  try {
    operating_point(device, vdd, trcd, trp);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a line fraction is a range of bit error rates", "[ber]") {
  // f = 0.001: 0.001 / 512, 1 - 0.999^(1/512), 0.001
  const BerRange r = ber_of_lines(0.001);
  CHECK(close(r.low, 1.953125e-06));
  CHECK(close(r.mean, 1.9541003047738511e-06));
  CHECK(r.high == 0.001);
  const double f = GENERATE(0.0, 1e-12, 1e-6, 0.5, 0.999, 1.0);
  const BerRange any = ber_of_lines(f);
  CHECK(any.low <= any.mean);
  CHECK(any.mean <= any.high);
  // Small fractions keep their digits: both ends of the series agree there.
  CHECK(close(ber_of_lines(1e-12).mean, 1e-12 / 512 * (1 + 0.5e-12 * 511 / 512)));
}

TEST_CASE("known points are found again", "[point]") {
  CHECK(at(1.35).quality == Quality::kNominal);
  CHECK(module_ber(kDevice, at(1.35)).high == 0);
  CHECK(operating_point(kDevice, {}, {}, {}).quality == Quality::kNominal);
  const OperatingPoint p = at(1.1);
  CHECK(p.quality == Quality::kMeasured);
  CHECK(p.at.trcd_seconds == 10e-9);
  CHECK_FALSE(p.censored);
  CHECK(module_ber(kDevice, p).high == 0.001);
  CHECK(known_points(kDevice).size() == 4);
}

TEST_CASE("a measured zero is an upper limit", "[point]") {
  const OperatingPoint p = at(1.2);
  CHECK(p.censored);
  const BerRange r = module_ber(kDevice, p);
  CHECK(r.low == 0);
  CHECK(r.mean == 1e-6);
  CHECK(r.high == 1e-6);
}

TEST_CASE("partitions share the lines out by their weights", "[ber]") {
  // Weights 0.1, 0.3 | 0.2, 0.2: mean 0.2, so bank 0 has what bank 1 has, its subarrays 1/2 and
  // 3/2.
  const OperatingPoint p = at(1.0);
  const auto fraction = [&](const Partition& partition) {
    return partition_ber(kDevice, p, partition).high;  // whole lines: the fraction itself
  };
  CHECK(close(fraction(kDevice.partitions[0]), 0.2));
  CHECK(close(fraction(kDevice.partitions[1]), 0.2));
  const auto subarrays = kDevice.subarrays();
  CHECK(close(fraction(subarrays[0]), 0.1));
  CHECK(close(fraction(subarrays[1]), 0.3));
  // Rows 1 and 2 lie in one subarray each.
  CHECK(close(fraction({"rows", "rows", 0, 1, 2, 256}), 0.2));
  CHECK(close(fraction({"rows", "rows", 0, 1, 3, 256}), (0.1 + 0.3 + 0.3) / 3));
  CHECK(close(partition_ber(kDevice, p, subarrays[1]).mean, 1 - std::pow(0.7, 1 / 512.0)));
  // One weight a bank: 3 and 1.
  CHECK(close(partition_ber(kDevice, at(1.1), subarrays[1]).high, 0.0015));
  CHECK(close(partition_ber(kDevice, at(1.1), subarrays[2]).high, 0.0005));
  // Nothing failed among a quarter of the cells, so 4e-6; at a harsher point it was less.
  CHECK(close(partition_ber(kDevice, at(1.2), subarrays[0]).mean,
              -std::expm1(std::log1p(-0.0015) / 512)));
}

TEST_CASE("a share cannot exceed all lines", "[ber]") {
  auto json = small_device();
  json["points"][0]["line_fraction"] = 0.9;
  const Device d = parse_device(json.dump());
  const BerRange r = partition_ber(d, operating_point(d, 1.0, {}, {}), d.subarrays()[1]);
  CHECK(r.high == 1);
  // 1e6 cells tested, a quarter of them here: 488.28 lines, of which at most one was spared.
  CHECK(close(r.mean, 1 - std::pow(512 / 0.25e6, 1 / 512.0)));
  CHECK(r.low < r.mean);
}

TEST_CASE("between measured points the logarithm runs straight", "[point]") {
  const OperatingPoint p = at(1.05);
  CHECK(p.quality == Quality::kInterpolated);
  CHECK(p.at.trcd_seconds == 10e-9);
  const double a = module_ber(kDevice, at(1.0)).mean, b = module_ber(kDevice, at(1.1)).mean;
  CHECK(std::abs(module_ber(kDevice, p).mean / std::sqrt(a * b) - 1) < 1e-9);
  CHECK_FALSE(p.censored);
  // Towards a measured zero the rate is an upper limit, its lower end nothing.
  const OperatingPoint q = at(1.15);
  CHECK(q.censored);
  CHECK(module_ber(kDevice, q).low == 0);
  CHECK(module_ber(kDevice, q).mean > 1e-6);
}

TEST_CASE("a rising voltage never raises a rate", "[point]") {
  double last = 1;
  for (int i = 0; i <= 200; ++i) {
    const double ber = module_ber(kDevice, at(1.0 + 0.001 * i)).mean;
    CHECK(ber <= last * (1 + 1e-12));
    last = ber;
  }
}

TEST_CASE("latency can be the measured axis", "[point]") {
  auto json = small_device();
  json["points"] = nlohmann::json::array();
  for (const double trcd : {5e-9, 7.5e-9}) {
    json["points"].push_back({{"vdd_volts", 1.35},
                              {"trcd_seconds", trcd},
                              {"trp_seconds", 13.75e-9},
                              {"bit_fraction", trcd == 5e-9 ? 1e-2 : 1e-6},
                              {"cells_tested", 1e9}});
  }
  const Device d = parse_device(json.dump());
  const OperatingPoint p = operating_point(d, {}, 6.25e-9, {});
  CHECK(p.quality == Quality::kInterpolated);
  CHECK(p.at.trp_seconds == 13.75e-9);
  CHECK(std::abs(module_ber(d, p).mean / 1e-4 - 1) < 1e-6);
  CHECK(module_ber(d, operating_point(d, {}, 5e-9, {})).low == 1e-2);
  CHECK(contains(refusal(d, {}, 4e-9, {}), "tRCD 4 ns is outside"));
}

TEST_CASE("several timings at a voltage ask for one of them", "[point]") {
  // 1.1 V and 1.2 V at 10 ns and at 12 ns, 1.0 V at 10 ns alone; both voltages have a common tRP of
  // 10 ns.
  auto json = small_device();
  json["points"].push_back(json["points"][1]);
  json["points"].push_back(json["points"][2]);
  json["points"][3]["trcd_seconds"] = json["points"][4]["trcd_seconds"] = 12e-9;
  const bool turned = GENERATE(false, true);  // the order of the file says nothing
  if (turned) std::reverse(json["points"].begin(), json["points"].end());
  const Device d = parse_device(json.dump());
  for (const double vdd : {1.1, 1.2, 1.15}) {
    const std::string message = refusal(d, vdd, {}, {});
    INFO(message);
    CHECK(contains(message, "number of timings of small at"));
    CHECK(contains(message, "tRCD 10 ns, tRP 10 ns"));
    CHECK(contains(message, "tRCD 12 ns, tRP 10 ns"));
    CHECK(contains(refusal(d, vdd, {}, 10e-9), "number of timings"));
    CHECK(operating_point(d, vdd, 12e-9, {}).at.trcd_seconds == 12e-9);
    CHECK(operating_point(d, vdd, 12e-9, 10e-9).at.trcd_seconds == 12e-9);
  }
  // One timing that answers is enough, and the nominal one answers at nominal voltage.
  CHECK(operating_point(d, 1.0, {}, {}).at.trcd_seconds == 10e-9);
  CHECK(operating_point(d, 1.05, {}, {}).quality == Quality::kInterpolated);
  CHECK(operating_point(d, {}, {}, {}).quality == Quality::kNominal);
}

TEST_CASE("what was measured at a voltage answers before what lies around it", "[point]") {
  // 1.1 V at 12 ns only, between 1.0 V and 1.2 V at 10 ns.
  auto json = small_device();
  json["points"][1]["trcd_seconds"] = 12e-9;
  const Device d = parse_device(json.dump());
  CHECK(operating_point(d, 1.1, {}, {}).quality == Quality::kMeasured);
  CHECK(operating_point(d, 1.1, {}, {}).at.trcd_seconds == 12e-9);
  // Half of the corners around it were not measured.
  CHECK(contains(refusal(d, 1.1, 10e-9, {}), "outside the measurements"));
}

TEST_CASE("a latency left out at nominal voltage is the nominal one", "[point]") {
  auto json = small_device();
  for (const double trp : {10e-9, 13.75e-9}) {
    auto point = json["points"][0];
    point["vdd_volts"] = 1.35;
    point["trp_seconds"] = trp;
    json["points"].push_back(point);
  }
  const Device d = parse_device(json.dump());
  CHECK(operating_point(d, {}, 10e-9, {}).at.trp_seconds == 13.75e-9);
  // No point has tRCD 13.75 ns and tRP 10 ns.
  CHECK(operating_point(d, 1.35, {}, 10e-9).at.trcd_seconds == 10e-9);
}

TEST_CASE("points and rows of another device are refused", "[ber]") {
  OperatingPoint p = at(1.0);
  p.access[0].index = 3;
  CHECK_THROWS_AS(module_ber(kDevice, p), std::invalid_argument);
  for (const Partition& rows :
       {Partition{"r", "rows", 2, 0, 1, 256}, Partition{"r", "rows", -1, 0, 1, 256},
        Partition{"r", "rows", 0, 4, 1, 256}, Partition{"r", "rows", 0, 0, 0, 256},
        Partition{"r", "rows", 0, 1, INT64_MAX, 256}}) {
    CHECK_THROWS_AS(partition_ber(kDevice, at(1.0), rows), std::invalid_argument);
  }
}

TEST_CASE("outside the measurements nothing is known", "[point]") {
  const double outside = GENERATE(0.999, 1.2001, 1.4, 0.0, -1.0, NAN);
  const std::string message = refusal(kDevice, outside, {}, {});
  CHECK(contains(message, "is outside the measurements of small"));
  CHECK(contains(message, "measured: 1 V to 1.2 V at tRCD 10 ns, tRP 10 ns"));
  CHECK(contains(refusal(kDevice, 1.1, 13.75e-9, {}), "1.1 V, tRCD 13.75 ns is outside"));
  CHECK(contains(refusal(kDevice, {}, {}, 10e-9), "1.35 V, tRP 10 ns is outside"));
}
