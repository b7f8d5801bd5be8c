#include <cmath>
#include <stdexcept>
#include <string>

#include "csrc/core/devices/device_json.h"
#include "csrc/core/devices/operating_point.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/devices/small_device.h"

using namespace eden;
using Json = nlohmann::json;

namespace {

constexpr double kRated = 13.75e-9;

// The small device measured by latency at rated voltage, at two temperatures.
Json by_latency() {
  Json json = small_device();
  json["points"] = Json::array();
  for (const double celsius : {20.0, 70.0}) {
    for (const double trcd : {5e-9, 7.5e-9, 10e-9}) {
      const double fraction = trcd < 6e-9 ? 1e-2 : trcd < 8e-9 ? 1e-6 : 0;
      Json point = {{"vdd_volts", 1.35},
                    {"trcd_seconds", trcd},
                    {"trp_seconds", kRated},
                    {"temperature_celsius", celsius},
                    {"bit_fraction", celsius > 50 ? 4 * fraction : fraction},
                    {"cells_tested", 1e9}};
      if (fraction > 0) point["fraction_low"] = fraction / 10;
      if (fraction > 0) point["fraction_high"] = 10 * fraction;
      json["points"].push_back(point);
    }
  }
  return json;
}

// The small device measured by voltage, and by refresh interval at two temperatures.
Json with_retention() {
  Json json = small_device();
  json["retention"] = Json::array();
  for (const double celsius : {20.0, 70.0}) {
    for (const double vdd : {1.0, 1.35}) {
      for (const double seconds : {0.064, 1.0, 4.0}) {
        const double fraction = seconds < 0.1 ? 0 : 1e-8 * seconds * (celsius > 50 ? 100 : 1);
        json["retention"].push_back({{"refresh_seconds", seconds},
                                     {"temperature_celsius", celsius},
                                     {"vdd_volts", vdd},
                                     {"bit_fraction", fraction},
                                     {"cells_tested", 1e10}});
      }
    }
  }
  return json;
}

Device parsed(const Json& json) { return parse_device(json.dump()); }

OperatingPoint refreshed(const Device& d, double seconds, std::optional<double> celsius = {},
                         std::optional<double> vdd = {}) {
  return operating_point(d, vdd, {}, {}, celsius, seconds);
}

template <class Run>
std::string refusal(Run run) {
  try {
    run();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-9 * std::abs(b); }

}  // namespace

TEST_CASE("the temperature is the hottest one unless it is given", "[surface]") {
  const Device d = parsed(by_latency());
  const OperatingPoint hot = operating_point(d, {}, 7.5e-9, {});
  CHECK(hot.temperature_celsius == 70.0);
  CHECK(module_ber(d, hot).mean == 4e-6);
  const OperatingPoint cold = operating_point(d, {}, 7.5e-9, {}, 20.0);
  CHECK(module_ber(d, cold).mean == 1e-6);
  // Between both: the root of the product; the range is what both leave open.
  const OperatingPoint warm = operating_point(d, {}, 7.5e-9, {}, 45.0);
  CHECK(warm.quality == Quality::kInterpolated);
  CHECK(close(module_ber(d, warm).mean, 2e-6));
  CHECK(module_ber(d, warm).low == 1e-7);
  CHECK(close(module_ber(d, warm).high, 1e-5));
  // Two axes at once: four corners.
  const OperatingPoint both = operating_point(d, {}, 6.25e-9, {}, 45.0);
  CHECK(both.access.size() == 4);
  CHECK(close(module_ber(d, both).mean, 2e-4));
  CHECK(contains(refusal([&] { operating_point(d, {}, 7.5e-9, {}, 71.0); }),
                 "1.35 V, tRCD 7.5 ns, 71 C is outside the measurements of small"));
  CHECK(contains(refusal([&] { operating_point(d, {}, 7.5e-9, {}, 71.0); }), "20 C to 70 C"));
  // Of the measured points a placement may use the hottest; no knob sets the temperature.
  CHECK(known_points(d).size() == 1 + 3);
  CHECK(measured_points(d).size() == 1 + 6);
}

TEST_CASE("a rated point holds at rated temperatures", "[surface]") {
  const Device d = parsed(small_device());
  CHECK(operating_point(d, {}, {}, {}, 60.0).quality == Quality::kNominal);
  CHECK(contains(refusal([&] { operating_point(d, {}, {}, {}, 86.0); }), "rated: 0 C to 85 C"));
  // These were measured at a temperature that nobody states.
  CHECK(contains(refusal([&] { operating_point(d, 1.1, {}, {}, 60.0); }), "is not known"));
}

TEST_CASE("longer refresh loses cells of its own", "[surface]") {
  const Device d = parsed(with_retention());
  CHECK(refreshed(d, 0.064).quality == Quality::kNominal);
  const OperatingPoint p = refreshed(d, 1.0, 20.0);
  CHECK(p.quality == Quality::kMeasured);
  CHECK(close(p.refresh_stretch, 1 / 0.064));
  CHECK(module_ber(d, p).mean == 1e-8);
  CHECK(module_ber(d, refreshed(d, 1.0)).mean == 1e-6);
  // Half way in the logarithm of the interval.
  const OperatingPoint q = refreshed(d, 2.0, 20.0);
  CHECK(q.quality == Quality::kInterpolated);
  CHECK(close(module_ber(d, q).mean, 2e-8));
  for (const double seconds : {0.032, 4.001, 1e9, double(NAN)}) {
    const std::string message = refusal([&] { refreshed(d, seconds); });
    CHECK(contains(message, "retention measured: 0.064 s to 4 s at 1 V to 1.35 V, 20 C to 70 C"));
  }
  const Device never = parsed(small_device());
  CHECK(contains(refusal([&] { refreshed(never, 0.64); }),
                 "its retention was not measured; rated: 0.064 s"));
}

TEST_CASE("sources of errors are independent and marked so", "[surface]") {
  const Device d = parsed(with_retention());
  const OperatingPoint p = refreshed(d, 4.0, 70.0, 1.0);
  CHECK(p.quality == Quality::kEstimated);
  const double access = module_ber(d, operating_point(d, 1.0, {}, {})).mean;
  CHECK(close(module_ber(d, p).mean, 1 - (1 - access) * (1 - 4e-6)));
  CHECK(retention_ber(d, p).mean == 4e-6);
  // 0.9 V was measured along neither.
  CHECK(contains(refusal([&] { refreshed(d, 4.0, 70.0, 0.9); }), "is outside the measurements"));
}

TEST_CASE("rates never fall towards harsher settings", "[surface]") {
  Json json = with_retention();
  // Measured the other way round: fewer failures at 1.0 V than at 1.1 V, in the module and in the
  // second bank; and at 4 s fewer than at 1 s.
  json["points"][0]["line_fraction"] = 0.0005;
  json["points"][0]["weights"] = {{10}, {0.001}};
  json["retention"][2]["bit_fraction"] = 1e-9;
  const Device d = parsed(json);
  CHECK(module_ber(d, operating_point(d, 1.0, {}, {})).high == 0.001);
  for (const Partition& partition : {d.partitions[0], d.partitions[1], d.subarrays()[3]}) {
    double last = 1;
    for (int i = 0; i <= 200; ++i) {
      const double ber =
          partition_ber(d, operating_point(d, 1.0 + 0.001 * i, {}, {}), partition).mean;
      CHECK(ber <= last * (1 + 1e-12));
      last = ber;
    }
  }
  double last = 0;
  for (int i = 0; i <= 100; ++i) {
    const double seconds = 0.0641 * std::pow(4 / 0.0641, i / 100.0);
    const double ber = module_ber(d, refreshed(d, std::min(seconds, 4.0), 20.0)).mean;
    CHECK(ber >= last * (1 - 1e-12));
    CHECK(ber <= module_ber(d, refreshed(d, std::min(seconds, 4.0), 45.0)).mean);
    last = ber;
  }
}

TEST_CASE("a limit of few cells does not exceed what failed at a harsher setting", "[surface]") {
  Json json = by_latency();
  json["points"][2]["cells_tested"] = 10;  // nothing failed at 10 ns: below 0.1
  const Device d = parsed(json);
  CHECK(module_ber(d, operating_point(d, {}, 10e-9, {}, 20.0)).mean == 1e-6);
}

TEST_CASE("what is borrowed or estimated is the least known", "[surface]") {
  Json json = small_device();
  json["points"][0]["assumed"] = true;
  const Device d = parsed(json);
  CHECK(operating_point(d, 1.0, {}, {}).quality == Quality::kAssumed);
  CHECK(operating_point(d, 1.05, {}, {}).quality == Quality::kAssumed);
  CHECK(operating_point(d, 1.1, {}, {}).quality == Quality::kMeasured);
}

TEST_CASE("refresh commands cover the rated interval", "[surface]") {
  // 4 rows of a bank: 64 ms / 4.
  Json json = small_device();
  json["timing"]["trefi_seconds"] = 0.017;
  CHECK(
      contains(refusal([&] { parsed(json); }), "timing.trefi_seconds is 0.017, accepted: at most"));
  json = small_device();
  json["geometry"]["rows_per_bank"] = 32768;
  json["points"][0].erase("weights");
  json["points"][1].erase("weights");
  CHECK(parsed(json).refresh_seconds == 0.064);
  json["timing"]["trefi_seconds"] = 78e-6;  // ten times as long
  CHECK(contains(refusal([&] { parsed(json); }), "8192 commands refresh all rows within 0.064 s"));
  json["timing"]["trefi_seconds"] = 7.8e-6;
  json["nominal"]["refresh_seconds"] = 0.032;
  CHECK(contains(refusal([&] { parsed(json); }), "trefi_seconds is 7.8e-06, accepted: at most"));
  json["nominal"]["refresh_seconds"] = 0.64;
  CHECK(
      contains(refusal([&] { parsed(json); }), "refresh_seconds is 0.64, accepted: a number from"));
}

TEST_CASE("new fields are read, written and refused by name", "[surface]") {
  Json json = with_retention();
  json["vendor"] = "B";
  json["standard"] = "DDR4";
  json["organisation"] = {{"channels", 2}, {"ranks", 1}, {"bank_groups", 2}};
  json["assumed"] = {"currents"};
  json["points"][0]["fraction_low"] = 0.1;
  const Device d = parsed(json);
  CHECK(device_to_json(parse_device(device_to_json(d))) == device_to_json(d));
  CHECK(d.organisation.channels == 2);
  const auto refused = [&](const char* path, const Json& value) {
    Json bad = json;
    bad[Json::json_pointer(path)] = value;
    return refusal([&] { parsed(bad); });
  };
  CHECK(contains(refused("/organisation/bank_groups", 4), "organisation.bank_groups is 4"));
  CHECK(contains(refused("/organisation/chips", 4), "field organisation.chips is unknown"));
  CHECK(contains(refused("/assumed", {1}), "assumed is [1], accepted: an array of texts"));
  CHECK(contains(refused("/points/0/fraction_low", 0.3), "points[0].fraction_low is 0.3"));
  CHECK(contains(refused("/points/0/fraction_high", 0.1), "points[0].fraction_high is 0.1"));
  CHECK(contains(refused("/points/2/fraction_high", 0.1), "none where nothing failed"));
  CHECK(contains(refused("/points/1/temperature_celsius", 20),
                 "temperature_celsius of points[1] is there, and not in all, accepted"));
  CHECK(contains(refused("/retention/0/refresh_seconds", 64e7), "retention[0].refresh_seconds"));
  CHECK(contains(refused("/retention/0/trcd_seconds", 1e-8),
                 "field retention[0].trcd_seconds is unknown"));
  CHECK(contains(refused("/retention/1/refresh_seconds", 0.064), "is at the settings of"));
  CHECK(contains(refused("/retention/1/bit_fraction", 2), "retention[1].bit_fraction is 2"));
}
