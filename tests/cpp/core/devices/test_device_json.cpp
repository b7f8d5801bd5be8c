#include <functional>
#include <stdexcept>
#include <string>

#include "csrc/core/devices/device_json.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/devices/small_device.h"

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
      {"/name", "\"\"", "name is \"\", accepted: a text that is not empty"},
      {"/name", "7", "name is 7"},
      {"/geometry", "", "field geometry is missing"},
      {"/geometry", "[]", "geometry is [], accepted: a JSON object"},
      {"/geometry/rows_per_bank", "", "field geometry.rows_per_bank is missing"},
      {"/geometry/rows_per_bank", "0", "geometry.rows_per_bank is 0, accepted: an integer from 1"},
      {"/geometry/rows_per_bank", "4.0", "geometry.rows_per_bank is 4.0, accepted: an integer"},
      {"/geometry/rows_per_bank", "\"4\"", "geometry.rows_per_bank is \"4\""},
      {"/geometry/rows_per_bank", "-4", "geometry.rows_per_bank is -4"},
      {"/geometry/rows_per_bank", "18446744073709551615", "geometry.rows_per_bank is 1844674407"},
      {"/geometry/banks", "0", "geometry.banks is 0, accepted: an integer from 1 to 1024"},
      {"/geometry/row_bytes", "100", "geometry.row_bytes is 100, accepted: a power of two"},
      {"/geometry/rows_per_subarray", "3", "geometry.rows_per_subarray is 3, accepted: a divisor"},
      {"/geometry/rows_per_sub", "3", "field geometry.rows_per_sub is unknown, accepted"},
      {"/geometry/row_bytes", "-9223372036854775808", "geometry.row_bytes is -9223372036854775808"},
      {"/geometry/chip_width_bits", "12",
       "geometry.chip_width_bits is 12, accepted: 4, 8, 16, 32, 64 or"},
      {"/geometry/chip_width_bits", "2", "geometry.chip_width_bits is 2, accepted: an integer"},
      {"/timing/tras_seconds", "-35e-9", "timing.tras_seconds is -3.5e-08, accepted: a number"},
      {"/timing/tras_seconds", "35", "timing.tras_seconds is 35, accepted: a number from 1e-10"},
      {"/timing/tras_seconds", "null", "timing.tras_seconds is null"},
      {"/timing/trc_seconds", "1e-9",
       "timing.trc_seconds is 1e-09, accepted: a number from 3.5e-08"},
      {"/timing/trefi_seconds", "1e-9", "timing.trefi_seconds is 1e-09"},
      // 160 ns of refresh
      {"/timing/trefi_seconds", "160e-9",
       "timing.trefi_seconds is 1.6e-07, accepted: a number from"},
      {"/timing/trefi_seconds", "319e-9", "from 3.2e-07 to 1"},
      {"/currents/idd0_amperes", "0.05", "currents.idd0_amperes is 0.05, accepted: a number"},
      {"/currents/vdd_volts", "0", "currents.vdd_volts is 0"},
      {"/currents/assumed", "1", "currents.assumed is 1, accepted: true or false"},
      {"/granularity/vdd", "\"chip\"", "granularity.vdd is \"chip\", accepted: module, bank"},
      {"/nominal/trcd_seconds", "0", "nominal.trcd_seconds is 0"},
      {"/points", "{}", "points is {}, accepted: a JSON array"},
      {"/points/1", "3", "points[1] is 3, accepted: a JSON object"},
      {"/points/1/vdd_volts", "1.0", "points[1] is at the settings of points[0], accepted: each"},
      {"/points/1/trp_seconds", "", "field points[1].trp_seconds is missing"},
      {"/points/1/line_fraction", "1.5",
       "points[1].line_fraction is 1.5, accepted: a number from 0"},
      {"/points/1/line_fraction", "", "field points[1].line_fraction is missing"},
      {"/points/1/bit_fraction", "0.1", "one of line_fraction and bit_fraction"},
      {"/points/1/cells_tested", "0", "points[1].cells_tested is 0"},
      {"/points/0/weights", "[[1]]", "points[0].weights is [[1]], accepted: an array of 2 arrays"},
      {"/points/0/weights/0/0", "0", "points[0].weights"},
      {"/points/0/weights/0/0", "1e308", "points[0].weights"},
      {"/points/0/weights/0", "[1, 2, 3]", "each of 1 or 2 numbers above 0"},
      {"/partitions", "[]", "partitions is [], accepted: at least one partition"},
      {"/sources", "[]", "sources is []"},
      {"/extra", "1", "field extra is unknown, accepted: name,"},
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

TEST_CASE("a burst is one line", "[device]") {
  struct Case {
    const char* path;
    int value;
    const char* message;  // "": accepted
  };
  // 8 chips x 8 bits x 2 x 4 clocks = 512 bits = 64 bytes
  const auto c = GENERATE(values<Case>({
      {"/geometry/chips", 8, ""},
      {"/geometry/chips", 1, "a burst is 64 bits (1 chips x 8 bits x 2 transfers x 4 clocks)"},
      {"/geometry/chips", 3, "a burst is 192 bits"},
      {"/geometry/chips", 16, "a burst is 1024 bits"},
      {"/geometry/chip_width_bits", 4, "a burst is 256 bits"},
      {"/geometry/chip_width_bits", 16, "a burst is 1024 bits"},
      {"/timing/burst_clocks", 2, "a burst is 256 bits"},
      {"/timing/burst_clocks", 8, "a burst is 1024 bits"},
      {"/geometry/line_bytes", 32, "accepted: 256, a line: chips, chip_width_bits,"},
      {"/geometry/line_bytes", 128, "accepted: 1024, a line"},
  }));
  Json device = small_device();
  device[Json::json_pointer(c.path)] = c.value;
  const std::string message = refusal(device.dump());
  INFO(c.path << " = " << c.value << ": " << message);
  CHECK(contains(message, *c.message ? c.message : "accepted"));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("chips of each width may make up a line", "[device]") {
  const int width = GENERATE(4, 8, 16, 32);
  Json device = small_device();
  device["geometry"]["chip_width_bits"] = width;
  device["geometry"]["chips"] = 64 / width;
  CHECK(refusal(device.dump()) == "accepted");
}

TEST_CASE("a field may stand once in an object, wherever that is", "[device]") {
  const auto twice = [](std::string text, const std::string& field) {
    const auto at = text.find(field);
    REQUIRE(at != std::string::npos);
    return text.insert(at, field + ",");
  };
  Json device = small_device();
  device["sources"] = {{"a", {{"b", Json::array({{{"c", 1}}})}}}};
  const std::string text = device.dump();
  CHECK(refusal(text) == "accepted");
  const auto field = GENERATE(as<std::string>{}, "\"name\":\"small\"", "\"chips\":8",
                              "\"cells_tested\":1000000.0", "\"c\":1");
  const std::string message = refusal(twice(text, field));
  const std::string key = field.substr(1, field.find(':') - 2);
  INFO(message);
  CHECK(contains(message, "field " + key + " is there twice in one object"));
}

TEST_CASE("what nests without end is refused before it is built", "[device]") {
  const auto nested = [](const std::string& open, const std::string& close, int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    text += "1";
    for (int i = 0; i < depth; ++i) text += close;
    return text;
  };
  const auto bracket = GENERATE(std::make_pair("[", "]"), std::make_pair("{\"a\":", "}"));
  const std::string bare = nested(bracket.first, bracket.second, 200000);
  CHECK(contains(refusal(bare), "depth of the text is 33, accepted: at most 32"));
  for (const char* field : {"sources", "name", "points"}) {
    Json device = small_device();
    device[field] = "@";
    std::string text = device.dump();
    text.replace(text.find("\"@\""), 3, "{\"x\":" + bare + "}");
    CHECK(contains(refusal(text), "depth of the text is 33, accepted: at most 32"));
  }
  // Depth to the last: the document and `sources` are two.
  Json device = small_device();
  device["sources"] = "@";
  for (const int depth : {29, 30, 31}) {
    std::string text = device.dump();
    text.replace(text.find("\"@\""), 3,
                 "{\"x\":" + nested(bracket.first, bracket.second, depth) + "}");
    CHECK(refusal(text).find("depth of the text") == (depth <= 30 ? std::string::npos : 20u));
  }
}

TEST_CASE("text that is no JSON is refused with the place", "[device]") {
  const std::string good = small_device().dump();
  CHECK(refusal("\xEF\xBB\xBF" + good) == "accepted");  // a byte order mark is no character
  const auto bad =
      GENERATE_COPY(as<std::string>{}, "", " ", "\xEF\xBB\xBF", "{\"name\": ", good + "x",
                    good + good, "{\"name\": NaN}", "{\"name\": Infinity}", "{\"name\": \"\xff\"}",
                    std::string("\0", 1), "{'name': 1}");
  CHECK(contains(refusal(bad), "device description: the text is not valid JSON at byte"));
  CHECK_FALSE(contains(refusal(bad), "\n"));
  CHECK(contains(refusal("[1]"), "the document is [1], accepted: a JSON object"));
}

TEST_CASE("a number beyond any float is refused", "[device]") {
  const auto number = GENERATE(as<std::string>{}, "1e400", "-1e400", std::string(400, '9') + ".0");
  const std::string message = refusal("{\"sources\": {\"a\": [" + number + "]}}");
  CHECK(contains(message, "a number is '" + number.substr(0, 10)));
  CHECK(contains(message, "accepted: numbers that a float64 holds"));
  CHECK(message.size() < 200);
}

TEST_CASE("a refusal stays one line of whole characters", "[device]") {
  Json device = small_device();
  device["a\nb"] = 1;
  CHECK(contains(refusal(device.dump()), "field a\\nb is unknown, accepted"));
  device = small_device();
  // Two bytes a character: the cut would fall within one.
  std::string text = "x";
  for (int i = 0; i < 60; ++i) text += "\u00e9";
  device["geometry"]["chips"] = text;
  const std::string message = refusal(device.dump());
  CHECK(contains(message, "..."));
  CHECK_NOTHROW(Json(message).dump());  // throws for what is no UTF-8
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
                 "partitions[1] (b) is from row 0 of bank 0 within partitions[0] (a), accepted"));
  device["partitions"][1] = part("a", 0, 1, 3);
  CHECK(contains(refusal(device.dump()), "named as partitions[0] (a), accepted: each name once"));
  device["partitions"][1] = part("b", 0, 2, 3);
  CHECK(contains(refusal(device.dump()),
                 "partitions[1].rows is 3, accepted: an integer from 1 to 2"));
  device["partitions"][1] = part("b", 2, 0, 1);
  CHECK(contains(refusal(device.dump()), "partitions[1].bank is 2"));
}
