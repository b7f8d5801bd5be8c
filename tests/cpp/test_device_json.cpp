#include <functional>
#include <stdexcept>
#include <string>

#include "csrc/core/device_json.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/small_device.h"

using namespace eden;
using Json = nlohmann::json;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_device(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct BadInput {
  const char* path;     // JSON pointer
  const char* value;    // JSON text; empty: the field is taken away
  const char* message;  // part of the refusal
};

}  // namespace

TEST_CASE("a description survives reading and writing", "[device]") {
  const Device d = parse_device(small_device().dump());
  CHECK(d.geometry.size_bytes() == 2 * 4 * 256);
  CHECK(d.partitions.size() == 2);
  CHECK(d.partitions[1].name == "bank1");
  CHECK(d.partitions[1].size_bytes() == 1024);
  CHECK(d.base_of(d.partitions[1]) == 1024);
  CHECK(d.subarrays().size() == 4);
  CHECK(d.subarrays()[3].name == "bank1.subarray1");
  CHECK(d.base_of(d.subarrays()[3]) == 1024 + 512);
  const std::string text = device_to_json(d);
  CHECK(device_to_json(parse_device(text)) == text);
  CHECK(d.points[0].weights == std::vector<std::vector<double>>{{0.1, 0.3}, {0.2, 0.2}});
}

TEST_CASE("a bad description is refused in one line with field, value and range", "[device]") {
  const auto bad = GENERATE(values<BadInput>({
      {"/name", "", "field name is missing"},
      {"/name", "\"\"", "name = \"\"; accepted: a text that is not empty"},
      {"/name", "7", "name = 7"},
      {"/geometry", "", "field geometry is missing"},
      {"/geometry", "[]", "geometry is []; accepted: a JSON object"},
      {"/geometry/rows_per_bank", "", "field geometry.rows_per_bank is missing"},
      {"/geometry/rows_per_bank", "0", "geometry.rows_per_bank = 0; accepted: an integer from 1"},
      {"/geometry/rows_per_bank", "4.0", "geometry.rows_per_bank = 4.0; accepted: an integer"},
      {"/geometry/rows_per_bank", "\"4\"", "geometry.rows_per_bank = \"4\""},
      {"/geometry/rows_per_bank", "-4", "geometry.rows_per_bank = -4"},
      {"/geometry/rows_per_bank", "18446744073709551615", "geometry.rows_per_bank = 1844674407"},
      {"/geometry/banks", "0", "geometry.banks = 0; accepted: an integer from 1 to 1024"},
      {"/geometry/row_bytes", "100", "geometry.row_bytes = 100; accepted: a power of two"},
      {"/geometry/rows_per_subarray", "3", "geometry.rows_per_subarray = 3; accepted: a divisor"},
      {"/geometry/rows_per_sub", "3", "unknown field geometry.rows_per_sub"},
      {"/timing/tras_seconds", "-35e-9", "timing.tras_seconds = -3.5e-08; accepted: a number"},
      {"/timing/tras_seconds", "35", "timing.tras_seconds = 35; accepted: a number from 1e-10"},
      {"/timing/tras_seconds", "null", "timing.tras_seconds = null"},
      {"/timing/trc_seconds", "1e-9",
       "timing.trc_seconds = 1e-09; accepted: a number from 3.5e-08"},
      {"/timing/trefi_seconds", "1e-9", "timing.trefi_seconds = 1e-09"},
      {"/currents/idd0_amperes", "0.05", "currents.idd0_amperes = 0.05; accepted: a number"},
      {"/currents/vdd_volts", "0", "currents.vdd_volts = 0"},
      {"/currents/assumed", "1", "currents.assumed = 1; accepted: true or false"},
      {"/granularity/vdd", "\"chip\"", "granularity.vdd = \"chip\"; accepted: module, bank"},
      {"/nominal/trcd_seconds", "0", "nominal.trcd_seconds = 0"},
      {"/points", "{}", "points = {}; accepted: a JSON array"},
      {"/points/1", "3", "points[1] is 3; accepted: a JSON object"},
      {"/points/1/vdd_volts", "1.0", "points[1] and points[0] have the same settings"},
      {"/points/1/trp_seconds", "", "field points[1].trp_seconds is missing"},
      {"/points/1/line_fraction", "1.5",
       "points[1].line_fraction = 1.5; accepted: a number from 0"},
      {"/points/1/line_fraction", "", "field points[1].line_fraction is missing"},
      {"/points/1/bit_fraction", "0.1", "one of line_fraction and bit_fraction"},
      {"/points/1/cells_tested", "0", "points[1].cells_tested = 0"},
      {"/points/0/weights", "[[1]]", "points[0].weights = [[1]]; accepted: an array of 2 arrays"},
      {"/points/0/weights/0/0", "0", "points[0].weights"},
      {"/points/0/weights/0", "[1, 2, 3]", "each of 1 or 2 numbers above 0"},
      {"/partitions", "[]", "partitions = []; accepted: at least one partition"},
      {"/sources", "[]", "sources is []"},
      {"/extra", "1", "unknown field extra; accepted: name,"},
  }));
  Json device = small_device();
  const Json::json_pointer at(bad.path);
  if (*bad.value == '\0') {
    device[at.parent_pointer()].erase(at.back());
  } else {
    device[at] = Json::parse(bad.value);
  }
  const std::string message = refusal(device.dump());
  INFO(bad.path << ": " << message);
  CHECK(contains(message, bad.message));
  CHECK(contains(message, "device description: "));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("text that is no JSON is refused with the place", "[device]") {
  CHECK(contains(refusal("{\"name\": "), "not valid JSON at byte"));
  CHECK(contains(refusal(""), "not valid JSON"));
  CHECK(contains(refusal("[1]"), "the document is [1]; accepted: a JSON object"));
}

TEST_CASE("partitions may be listed, and may not overlap", "[device]") {
  const auto part = [](const char* name, int bank, int first, int rows) {
    return Json{{"name", name}, {"bank", bank}, {"first_row", first}, {"rows", rows}};
  };
  Json device = small_device();
  device["partitions"] = {part("a", 0, 0, 1), part("b", 0, 1, 3), part("c", 1, 0, 4)};
  const Device d = parse_device(device.dump());
  CHECK(d.partitions[1].level == "rows");
  CHECK(d.partitions[2].level == "bank");
  CHECK(d.partitions[1].size_bytes() == 768);

  device["partitions"][1] = part("b", 0, 0, 2);
  CHECK(contains(refusal(device.dump()),
                 "partitions[0] (a) and partitions[1] (b) overlap from row 0 of bank 0"));
  device["partitions"][1] = part("a", 0, 1, 3);
  CHECK(contains(refusal(device.dump()), "have one name"));
  device["partitions"][1] = part("b", 0, 2, 3);
  CHECK(
      contains(refusal(device.dump()), "partitions[1].rows = 3; accepted: an integer from 1 to 2"));
  device["partitions"][1] = part("b", 2, 0, 1);
  CHECK(contains(refusal(device.dump()), "partitions[1].bank = 2"));
}
