#include "csrc/core/device_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "csrc/core/json_fields.h"

namespace eden {
namespace {

using Json = nlohmann::ordered_json;

// Wide enough for any DRAM ever sold, narrow enough to catch a number in the wrong unit.
constexpr double kMaxVolts = 5, kMinVolts = 0.1;
constexpr double kMinSeconds = 1e-10, kMaxLatency = 1e-3;
constexpr double kMaxAmperes = 10;
constexpr int64_t kMaxRows = int64_t{1} << 24;

bool power_of_two(int64_t n) { return (n & (n - 1)) == 0; }

Geometry read_geometry(const JsonFields& f) {
  f.only({"chips", "chip_width_bits", "banks", "rows_per_bank", "rows_per_subarray", "row_bytes",
          "line_bytes"});
  Geometry g;
  g.chips = f.integer("chips", 1, 64);
  g.chip_width_bits = f.integer("chip_width_bits", 1, 128);
  g.banks = f.integer("banks", 1, 1024);
  g.rows_per_bank = f.integer("rows_per_bank", 1, kMaxRows);
  g.rows_per_subarray = f.integer("rows_per_subarray", 1, g.rows_per_bank);
  if (g.rows_per_bank % g.rows_per_subarray != 0) {
    f.refuse("rows_per_subarray", "a divisor of rows_per_bank, " + std::to_string(g.rows_per_bank));
  }
  g.row_bytes = f.integer("row_bytes", 64, 8192);
  if (!power_of_two(g.row_bytes)) f.refuse("row_bytes", "a power of two from 64 to 8192");
  g.line_bytes = f.integer("line_bytes", 1, g.row_bytes);
  if (!power_of_two(g.line_bytes)) f.refuse("line_bytes", "a power of two up to row_bytes");
  return g;
}

Timing read_timing(const JsonFields& f) {
  f.only({"clock_seconds", "burst_clocks", "tras_seconds", "trc_seconds", "trfc_seconds",
          "trefi_seconds"});
  Timing t;
  t.clock_seconds = f.number("clock_seconds", kMinSeconds, 1e-6);
  t.burst_clocks = f.integer("burst_clocks", 1, 64);
  t.tras_seconds = f.number("tras_seconds", kMinSeconds, kMaxLatency);
  t.trc_seconds = f.number("trc_seconds", t.tras_seconds, kMaxLatency);
  t.trfc_seconds = f.number("trfc_seconds", kMinSeconds, kMaxLatency);
  // A module that refreshes for longer than the interval would never serve a request.
  t.trefi_seconds = f.number("trefi_seconds", t.trfc_seconds, 1);
  return t;
}

Currents read_currents(const JsonFields& f) {
  f.only({"vdd_volts", "idd0_amperes", "idd2n_amperes", "idd3n_amperes", "idd4r_amperes",
          "idd4w_amperes", "idd5_amperes", "assumed"});
  Currents c;
  c.vdd_volts = f.number("vdd_volts", kMinVolts, kMaxVolts);
  c.idd2n = f.number("idd2n_amperes", 0, kMaxAmperes);
  c.idd3n = f.number("idd3n_amperes", 0, kMaxAmperes);
  // The energy of a command is its current above standby: below it, it would be negative.
  c.idd0 = f.number("idd0_amperes", std::max(c.idd2n, c.idd3n), kMaxAmperes);
  c.idd4r = f.number("idd4r_amperes", c.idd3n, kMaxAmperes);
  c.idd4w = f.number("idd4w_amperes", c.idd3n, kMaxAmperes);
  c.idd5 = f.number("idd5_amperes", c.idd3n, kMaxAmperes);
  c.assumed = f.has("assumed") && f.boolean("assumed");
  return c;
}

Settings read_settings(const JsonFields& f) {
  return {f.number("vdd_volts", kMinVolts, kMaxVolts),
          f.number("trcd_seconds", kMinSeconds, kMaxLatency),
          f.number("trp_seconds", kMinSeconds, kMaxLatency)};
}

Level read_level(const JsonFields& f, const char* key) {
  return f.one_of(key, {"module", "bank"}) == "module" ? Level::kModule : Level::kBank;
}

std::vector<std::vector<double>> read_weights(const JsonFields& f, const Geometry& g) {
  const std::string accepted =
      "an array of " + std::to_string(g.banks) + " arrays (banks), each of 1 or " +
      std::to_string(g.subarrays_per_bank()) + " numbers above 0 (subarrays)";
  const auto& banks = f.array("weights");
  if (banks.size() != static_cast<std::size_t>(g.banks)) f.refuse("weights", accepted);
  std::vector<std::vector<double>> weights;
  for (const auto& bank : banks) {
    const bool fits =
        bank.is_array() &&
        (bank.size() == 1 || bank.size() == static_cast<std::size_t>(g.subarrays_per_bank()));
    if (!fits) f.refuse("weights", accepted);
    for (const auto& w : bank) {
      if (!w.is_number() || !(w.get<double>() > 0)) f.refuse("weights", accepted);
    }
    weights.push_back(bank.get<std::vector<double>>());
  }
  return weights;
}

MeasuredPoint read_point(const JsonFields& f, const Geometry& g) {
  f.only({"vdd_volts", "trcd_seconds", "trp_seconds", "line_fraction", "bit_fraction",
          "cells_tested", "estimated", "weights"});
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
        throw std::invalid_argument("device description: " + place("points", i) + " and " +
                                    place("points", j) +
                                    " have the same settings; accepted: each setting once");
      }
    }
  }
  return points;
}

Partition bank_partition(const Geometry& g, int64_t bank) {
  return {"bank" + std::to_string(bank), "bank", bank, 0, g.rows_per_bank, g.row_bytes};
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
      const std::string pair = place("partitions", j) + " (" + a.name + ") and " +
                               place("partitions", i) + " (" + b.name + ")";
      if (a.name == b.name) {
        throw std::invalid_argument("device description: " + pair +
                                    " have one name; accepted: each name once");
      }
      if (a.bank == b.bank && a.first_row < b.first_row + b.rows &&
          b.first_row < a.first_row + a.rows) {
        throw std::invalid_argument("device description: " + pair + " overlap from row " +
                                    std::to_string(std::max(a.first_row, b.first_row)) +
                                    " of bank " + std::to_string(a.bank) +
                                    "; accepted: partitions that share no row");
      }
    }
  }
}

std::vector<Partition> read_partitions(const JsonFields& f, const Geometry& g) {
  std::vector<Partition> partitions;
  if (!f.has("partitions")) {
    for (int64_t bank = 0; bank < g.banks; ++bank) partitions.push_back(bank_partition(g, bank));
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

const char* name_of(Level level) { return level == Level::kModule ? "module" : "bank"; }

Json settings_to_json(const Settings& s) {
  return {
      {"vdd_volts", s.vdd_volts}, {"trcd_seconds", s.trcd_seconds}, {"trp_seconds", s.trp_seconds}};
}

Json point_to_json(const MeasuredPoint& p) {
  Json j = settings_to_json(p.at);
  j[p.by_lines ? "line_fraction" : "bit_fraction"] = p.fraction;
  j["cells_tested"] = p.cells_tested;
  if (p.estimated) j["estimated"] = true;
  if (!p.weights.empty()) j["weights"] = p.weights;
  return j;
}

}  // namespace

Device parse_device(const std::string& json_text) {
  nlohmann::json document;
  try {
    document = nlohmann::json::parse(json_text);
  } catch (const nlohmann::json::parse_error& error) {
    throw std::invalid_argument("device description: not valid JSON at byte " +
                                std::to_string(error.byte) + "; accepted: a JSON object");
  }
  const JsonFields f(document, "");
  f.only({"name", "description", "geometry", "timing", "currents", "granularity", "nominal",
          "points", "partitions", "sources"});
  Device d;
  d.name = f.text("name");
  if (f.has("description")) d.description = f.text("description");
  d.geometry = read_geometry(f.object("geometry"));
  d.timing = read_timing(f.object("timing"));
  d.currents = read_currents(f.object("currents"));
  const JsonFields knobs = f.object("granularity");
  knobs.only({"vdd", "trcd", "trp"});
  d.granularity = {read_level(knobs, "vdd"), read_level(knobs, "trcd"), read_level(knobs, "trp")};
  const JsonFields nominal = f.object("nominal");
  nominal.only({"vdd_volts", "trcd_seconds", "trp_seconds"});
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
  j["geometry"] = {{"chips", d.geometry.chips},
                   {"chip_width_bits", d.geometry.chip_width_bits},
                   {"banks", d.geometry.banks},
                   {"rows_per_bank", d.geometry.rows_per_bank},
                   {"rows_per_subarray", d.geometry.rows_per_subarray},
                   {"row_bytes", d.geometry.row_bytes},
                   {"line_bytes", d.geometry.line_bytes}};
  j["timing"] = {
      {"clock_seconds", d.timing.clock_seconds}, {"burst_clocks", d.timing.burst_clocks},
      {"tras_seconds", d.timing.tras_seconds},   {"trc_seconds", d.timing.trc_seconds},
      {"trfc_seconds", d.timing.trfc_seconds},   {"trefi_seconds", d.timing.trefi_seconds}};
  j["currents"] = {{"vdd_volts", d.currents.vdd_volts}, {"idd0_amperes", d.currents.idd0},
                   {"idd2n_amperes", d.currents.idd2n}, {"idd3n_amperes", d.currents.idd3n},
                   {"idd4r_amperes", d.currents.idd4r}, {"idd4w_amperes", d.currents.idd4w},
                   {"idd5_amperes", d.currents.idd5},   {"assumed", d.currents.assumed}};
  j["granularity"] = {{"vdd", name_of(d.granularity.vdd)},
                      {"trcd", name_of(d.granularity.trcd)},
                      {"trp", name_of(d.granularity.trp)}};
  j["nominal"] = settings_to_json(d.nominal);
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
