#include "csrc/core/devices/device_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "csrc/core/devices/json_fields.h"
#include "csrc/core/devices/json_text.h"
#include "csrc/core/devices/surface.h"
#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kAbout = "device description: ";

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

ModuleOrganisation read_organisation(const JsonFields& f, const Device& d) {
  f.only(keys_of<ModuleOrganisation>());
  ModuleOrganisation o;
  read_fields(f, o);
  check_fields(o, f.prefix());
  if (d.geometry.banks % o.bank_groups != 0) {
    f.refuse("bank_groups", "a divisor of banks, " + std::to_string(d.geometry.banks));
  }
  return o;
}

std::vector<std::string> read_assumed(const JsonFields& f) {
  const char* accepted = "an array of texts";
  std::vector<std::string> list;
  for (const auto& text : f.array("assumed")) {
    if (!text.is_string()) f.refuse("assumed", accepted);
    list.push_back(text.get<std::string>());
  }
  return list;
}

// Longer than rated, the interval of refresh commands would cost less energy and no error: that is
// an operating point, which knows what fails there.
void check_refresh(const Device& d, const std::string& where) {
  // A command refreshes at least a row of each bank, and a standard has 8192 of them at most.
  const auto commands = static_cast<double>(std::min<int64_t>(8192, d.geometry.rows_per_bank));
  const double longest = d.refresh_seconds / commands;
  if (d.timing.trefi_seconds <= longest * 1.001) return;
  refuse(where, "timing.trefi_seconds", Json(d.timing.trefi_seconds).dump(),
         "at most " + Json(longest).dump() + ", so that " +
             Json(static_cast<int64_t>(commands)).dump() + " commands refresh all rows within " +
             Json(d.refresh_seconds).dump() +
             " s (longer intervals are operating points: retention)");
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

// What was counted, and what the count leaves open.
void read_fraction(const JsonFields& f, MeasuredPoint& p) {
  p.by_lines = !f.has("bit_fraction");
  p.fraction = f.number(p.by_lines ? "line_fraction" : "bit_fraction", 0, 1);
  if (!p.by_lines && f.has("line_fraction")) {
    f.refuse("line_fraction", "one of line_fraction and bit_fraction, not both");
  }
  p.fraction_low = f.has("fraction_low") ? f.number("fraction_low", 0, p.fraction) : p.fraction;
  p.fraction_high = f.has("fraction_high") ? f.number("fraction_high", p.fraction, 1) : p.fraction;
  if (p.fraction == 0 && f.has("fraction_high")) {
    f.refuse("fraction_high", "none where nothing failed: one over cells_tested is the limit");
  }
  p.cells_tested = f.number("cells_tested", 1, 1e18);
  p.estimated = f.has("estimated") && f.boolean("estimated");
  p.assumed = f.has("assumed") && f.boolean("assumed");
}

// The fields of a point: its own, and those of what was counted.
std::vector<const char*> with_fraction(std::vector<const char*> own) {
  for (const char* key : {"line_fraction", "bit_fraction", "fraction_low", "fraction_high",
                          "cells_tested", "estimated", "assumed", "weights"}) {
    own.push_back(key);
  }
  return own;
}

constexpr double kColdest = -100, kHottest = 200;

MeasuredPoint read_point(const JsonFields& f, const Geometry& g) {
  f.only(with_fraction(keys_of<Settings>({"temperature_celsius"})));
  MeasuredPoint p;
  p.at = read_settings(f);
  if (f.has("temperature_celsius")) {
    p.temperature_celsius = f.number("temperature_celsius", kColdest, kHottest);
  }
  read_fraction(f, p);
  if (f.has("weights")) p.weights = read_weights(f, g);
  return p;
}

// Retention does not depend on latencies, so none is stated; left out, the voltage is the rated.
MeasuredPoint read_retention_point(const JsonFields& f, const Device& d) {
  f.only(with_fraction({"refresh_seconds", "temperature_celsius", "vdd_volts"}));
  MeasuredPoint p;
  p.at = {d.nominal.vdd_volts, kNotStated, kNotStated};
  if (f.has("vdd_volts")) p.at.vdd_volts = f.number("vdd_volts", kMinVolts, kMaxVolts);
  p.refresh_seconds = f.number("refresh_seconds", kMinRefresh, 1e6);
  p.temperature_celsius = f.number("temperature_celsius", kColdest, kHottest);
  read_fraction(f, p);
  if (f.has("weights")) p.weights = read_weights(f, d.geometry);
  return p;
}

std::string item(const char* list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

template <class Read>
std::vector<MeasuredPoint> read_points(const JsonFields& f, const char* name, Read read) {
  std::vector<MeasuredPoint> points;
  const auto& list = f.array(name);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonFields one(list[i], kAbout, item(name, i));
    points.push_back(read(one));
    const Conditions here = conditions_of(points[i]);
    if (std::isnan(here[kTemperature]) != std::isnan(conditions_of(points[0])[kTemperature])) {
      refuse(kAbout, "temperature_celsius of " + item(name, i),
             std::isnan(here[kTemperature]) ? "missing" : "there, and not in all",
             "in all or none");
    }
    for (std::size_t j = 0; j < i; ++j) {
      const Conditions there = conditions_of(points[j]);
      bool alike = true;
      for (std::size_t axis = 0; axis < kAxes; ++axis) alike &= same(axis, here[axis], there[axis]);
      if (!alike) continue;
      refuse(kAbout, item(name, i), "at the settings of " + item(name, j), "each setting once");
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
      const auto fail = [&, i, j](const std::string& what, const std::string& accepted) {
        refuse(kAbout, item("partitions", i) + " (" + b.name + ")",
               what + item("partitions", j) + " (" + a.name + ")", accepted);
      };
      if (a.name == b.name) fail("named as ", "each name once");
      if (a.bank == b.bank && a.first_row < b.first_row + b.rows &&
          b.first_row < a.first_row + a.rows) {
        fail("from row " + std::to_string(std::max(a.first_row, b.first_row)) + " of bank " +
                 std::to_string(a.bank) + " within ",
             "partitions that share no row");
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
    partitions.push_back(read_partition(JsonFields(list[i], kAbout, item("partitions", i)), g));
  }
  check_apart(partitions);
  return partitions;
}

Json point_to_json(const MeasuredPoint& p) {
  Json j;
  if (std::isnan(p.refresh_seconds)) {
    j = table_to_json(p.at);
  } else {
    j["refresh_seconds"] = p.refresh_seconds;
    j["vdd_volts"] = p.at.vdd_volts;
  }
  if (!std::isnan(p.temperature_celsius)) j["temperature_celsius"] = p.temperature_celsius;
  j[p.by_lines ? "line_fraction" : "bit_fraction"] = p.fraction;
  if (p.fraction_low < p.fraction) j["fraction_low"] = p.fraction_low;
  if (p.fraction_high > p.fraction) j["fraction_high"] = p.fraction_high;
  j["cells_tested"] = p.cells_tested;
  if (p.estimated) j["estimated"] = true;
  if (p.assumed) j["assumed"] = true;
  if (!p.weights.empty()) j["weights"] = p.weights;
  return j;
}

}  // namespace

Device parse_device(const std::string& json_text) {
  const nlohmann::json document = parse_text(json_text, kAbout);
  const JsonFields f(document, kAbout);
  f.only({"name", "description", "geometry", "timing", "currents", "granularity", "nominal",
          "points", "partitions", "sources", "vendor", "standard", "organisation", "retention",
          "assumed"});
  Device d;
  d.name = f.text("name");
  if (f.has("description")) d.description = f.text("description");
  if (f.has("vendor")) d.vendor = f.text("vendor");
  if (f.has("standard")) d.standard = f.text("standard");
  if (f.has("assumed")) d.assumed = read_assumed(f);
  d.geometry = read_table<Geometry>(f.object("geometry"));
  d.timing = read_table<Timing>(f.object("timing"));
  check_burst(d.geometry, d.timing, f.prefix());
  if (f.has("organisation")) d.organisation = read_organisation(f.object("organisation"), d);
  d.currents = read_table<Currents>(f.object("currents"));
  const JsonFields knobs = f.object("granularity");
  knobs.only({"vdd", "trcd", "trp"});
  d.granularity = {read_level(knobs, "vdd"), read_level(knobs, "trcd"), read_level(knobs, "trp")};
  const JsonFields nominal = f.object("nominal");
  nominal.only(keys_of<Settings>({"refresh_seconds"}));
  d.nominal = read_settings(nominal);
  if (nominal.has("refresh_seconds")) {
    d.refresh_seconds = nominal.number("refresh_seconds", kMinRefresh, kMaxRatedRefresh);
  }
  check_refresh(d, f.prefix());
  d.points =
      read_points(f, "points", [&](const JsonFields& one) { return read_point(one, d.geometry); });
  if (f.has("retention")) {
    d.retention = read_points(f, "retention",
                              [&](const JsonFields& one) { return read_retention_point(one, d); });
  }
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
  if (d.refresh_seconds != kMaxRatedRefresh) j["nominal"]["refresh_seconds"] = d.refresh_seconds;
  j["points"] = Json::array();
  for (const MeasuredPoint& p : d.points) j["points"].push_back(point_to_json(p));
  j["partitions"] = Json::array();
  for (const Partition& p : d.partitions) {
    j["partitions"].push_back(
        {{"name", p.name}, {"bank", p.bank}, {"first_row", p.first_row}, {"rows", p.rows}});
  }
  j["sources"] = Json::parse(d.sources_json);
  // What came later stands behind what every description has.
  if (!d.vendor.empty()) j["vendor"] = d.vendor;
  if (!d.standard.empty()) j["standard"] = d.standard;
  const Json parts = table_to_json(d.organisation);
  if (parts != table_to_json(ModuleOrganisation{})) j["organisation"] = parts;
  for (const MeasuredPoint& p : d.retention) j["retention"].push_back(point_to_json(p));
  if (!d.assumed.empty()) j["assumed"] = d.assumed;
  return j.dump();
}

}  // namespace eden
