#include "csrc/core/devices/device_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "csrc/core/devices/json_fields.h"
#include "csrc/core/devices/json_text.h"

namespace eden {
namespace {

using Json = nlohmann::ordered_json;

// An object whose fields a table lists, and whose limits `check` knows.
template <class T>
T read_table(const JsonFields& f) {
  f.only(keys_of<T>());
  T value;
  read_fields(f, value);
  check(value, f.prefix());
  return value;
}

template <class T>
Json table_to_json(const T& value) {
  Json json;
  for (const Field<T>& field : FieldsOf<T>::list) {
    std::visit([&](auto member) { json[field.key] = value.*member; }, field.member);
  }
  return json;
}

Settings read_settings(const JsonFields& f) {
  Settings s;
  read_fields(f, s);
  check_fields(s, f.prefix());
  return s;
}

Level read_level(const JsonFields& f, const char* key) {
  return f.one_of(key, {"module", "bank"}) == "module" ? Level::kModule : Level::kBank;
}

std::vector<std::vector<double>> read_weights(const JsonFields& f, const Geometry& g) {
  const std::string accepted =
      "an array of " + std::to_string(g.banks) + " arrays (banks), each of 1 or " +
      std::to_string(g.subarrays_per_bank()) + " numbers above 0 and at most 1e30 (subarrays)";
  const auto& banks = f.array("weights");
  if (banks.size() != static_cast<std::size_t>(g.banks)) f.refuse("weights", accepted);
  std::vector<std::vector<double>> weights;
  for (const auto& bank : banks) {
    const auto subarrays = static_cast<std::size_t>(g.subarrays_per_bank());
    if (!bank.is_array() || (bank.size() != 1 && bank.size() != subarrays)) {
      f.refuse("weights", accepted);
    }
    for (const auto& w : bank) {
      // Their mean must stay a number.
      const bool fits = w.is_number() && w.get<double>() > 0 && w.get<double>() <= 1e30;
      if (!fits) f.refuse("weights", accepted);
    }
    weights.push_back(bank.get<std::vector<double>>());
  }
  return weights;
}

MeasuredPoint read_point(const JsonFields& f, const Geometry& g) {
  f.only(
      keys_of<Settings>({"line_fraction", "bit_fraction", "cells_tested", "estimated", "weights"}));
  MeasuredPoint p;
  p.at = read_settings(f);
  p.by_lines = !f.has("bit_fraction");
  p.fraction = f.number(p.by_lines ? "line_fraction" : "bit_fraction", 0, 1);
  if (!p.by_lines && f.has("line_fraction")) {
    f.refuse("line_fraction", "one of line_fraction and bit_fraction, not both");
  }
  p.cells_tested = f.number("cells_tested", 1, 1e18);
  p.estimated = f.has("estimated") && f.boolean("estimated");
  if (f.has("weights")) p.weights = read_weights(f, g);
  return p;
}

std::string place(const char* list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

std::vector<MeasuredPoint> read_points(const JsonFields& f, const Geometry& g) {
  std::vector<MeasuredPoint> points;
  const auto& list = f.array("points");
  for (std::size_t i = 0; i < list.size(); ++i) {
    points.push_back(read_point(JsonFields(list[i], place("points", i)), g));
    for (std::size_t j = 0; j < i; ++j) {
      const Settings &a = points[i].at, &b = points[j].at;
      if (a.vdd_volts == b.vdd_volts && a.trcd_seconds == b.trcd_seconds &&
          a.trp_seconds == b.trp_seconds) {
        refuse_description(place("points", i) + " and " + place("points", j) +
                           " have the same settings; accepted: each setting once");
      }
    }
  }
  return points;
}

Partition read_partition(const JsonFields& f, const Geometry& g) {
  f.only({"name", "bank", "first_row", "rows"});
  Partition p;
  p.name = f.text("name");
  p.bank = f.integer("bank", 0, g.banks - 1);
  p.first_row = f.integer("first_row", 0, g.rows_per_bank - 1);
  p.rows = f.integer("rows", 1, g.rows_per_bank - p.first_row);
  p.row_bytes = g.row_bytes;
  const bool whole = p.rows == g.rows_per_bank;
  const bool subarray = p.rows == g.rows_per_subarray && p.first_row % g.rows_per_subarray == 0;
  p.level = whole ? "bank" : subarray ? "subarray" : "rows";
  return p;
}

void check_apart(const std::vector<Partition>& partitions) {
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Partition &a = partitions[j], &b = partitions[i];
      const auto fail = [&, i, j](const std::string& message) {
        refuse_description(place("partitions", j) + " (" + a.name + ") and " +
                           place("partitions", i) + " (" + b.name + ") " + message);
      };
      if (a.name == b.name) fail("have one name; accepted: each name once");
      if (a.bank == b.bank && a.first_row < b.first_row + b.rows &&
          b.first_row < a.first_row + a.rows) {
        fail("overlap from row " + std::to_string(std::max(a.first_row, b.first_row)) +
             " of bank " + std::to_string(a.bank) + "; accepted: partitions that share no row");
      }
    }
  }
}

std::vector<Partition> read_partitions(const JsonFields& f, const Geometry& g) {
  std::vector<Partition> partitions;
  if (!f.has("partitions")) {
    for (int64_t bank = 0; bank < g.banks; ++bank) {
      partitions.push_back(
          {"bank" + std::to_string(bank), "bank", bank, 0, g.rows_per_bank, g.row_bytes});
    }
    return partitions;
  }
  const auto& list = f.array("partitions");
  if (list.empty()) f.refuse("partitions", "at least one partition, or no such field");
  for (std::size_t i = 0; i < list.size(); ++i) {
    partitions.push_back(read_partition(JsonFields(list[i], place("partitions", i)), g));
  }
  check_apart(partitions);
  return partitions;
}

Json point_to_json(const MeasuredPoint& p) {
  Json j = table_to_json(p.at);
  j[p.by_lines ? "line_fraction" : "bit_fraction"] = p.fraction;
  j["cells_tested"] = p.cells_tested;
  if (p.estimated) j["estimated"] = true;
  if (!p.weights.empty()) j["weights"] = p.weights;
  return j;
}

}  // namespace

Device parse_device(const std::string& json_text) {
  const nlohmann::json document = parse_text(json_text);
  const JsonFields f(document, "");
  f.only({"name", "description", "geometry", "timing", "currents", "granularity", "nominal",
          "points", "partitions", "sources"});
  Device d;
  d.name = f.text("name");
  if (f.has("description")) d.description = f.text("description");
  d.geometry = read_table<Geometry>(f.object("geometry"));
  d.timing = read_table<Timing>(f.object("timing"));
  check_burst(d.geometry, d.timing, f.prefix());
  d.currents = read_table<Currents>(f.object("currents"));
  const JsonFields knobs = f.object("granularity");
  knobs.only({"vdd", "trcd", "trp"});
  d.granularity = {read_level(knobs, "vdd"), read_level(knobs, "trcd"), read_level(knobs, "trp")};
  const JsonFields nominal = f.object("nominal");
  nominal.only(keys_of<Settings>());
  d.nominal = read_settings(nominal);
  d.points = read_points(f, d.geometry);
  d.partitions = read_partitions(f, d.geometry);
  d.sources_json = f.has("sources") ? f.object("sources").value().dump() : "{}";
  return d;
}

std::string device_to_json(const Device& d) {
  Json j;
  j["name"] = d.name;
  if (!d.description.empty()) j["description"] = d.description;
  j["geometry"] = table_to_json(d.geometry);
  j["timing"] = table_to_json(d.timing);
  j["currents"] = table_to_json(d.currents);
  j["granularity"] = {{"vdd", name_of(d.granularity.vdd)},
                      {"trcd", name_of(d.granularity.trcd)},
                      {"trp", name_of(d.granularity.trp)}};
  j["nominal"] = table_to_json(d.nominal);
  j["points"] = Json::array();
  for (const MeasuredPoint& p : d.points) j["points"].push_back(point_to_json(p));
  j["partitions"] = Json::array();
  for (const Partition& p : d.partitions) {
    j["partitions"].push_back(
        {{"name", p.name}, {"bank", p.bank}, {"first_row", p.first_row}, {"rows", p.rows}});
  }
  j["sources"] = Json::parse(d.sources_json);
  return j.dump();
}

}  // namespace eden
