// DRAM devices: description, operating points, error rates, address map.

#include "csrc/core/address/address_map.h"
#include "csrc/core/devices/device_json.h"
#include "csrc/core/devices/operating_point.h"
#include "csrc/core/fields/fields.h"
#include "csrc/python/bind_values.h"

namespace eden::python {
namespace {

Interleave interleave(const std::string& order) {
  if (order == "lines") return Interleave::kLines;
  if (order == "banks") return Interleave::kBanks;
  refuse("", "order", shown_text(order), "lines, banks");
}

void bind_parts(py::module_& m) {
  const auto checked = [](const auto& value) { check(value); };
  py::class_<Geometry> geometry(m, "Geometry");
  bind_init(geometry, FieldNumbers<Geometry>{}, checked, py::kw_only());
  bind_fields(geometry);
  geometry.def_property_readonly("size_bytes", &Geometry::size_bytes);
  py::class_<Timing> timing(m, "Timing");
  bind_init(timing, FieldNumbers<Timing>{}, checked);
  bind_fields(timing);
  py::class_<Currents> currents(m, "Currents");
  bind_init(currents, FieldNumbers<Currents>{}, checked);
  bind_fields(currents);
  py::class_<Settings> settings(m, "Settings");
  bind_init(settings, FieldNumbers<Settings>{}, [](const Settings&) {});
  bind_fields(settings);
}

void bind_partition(py::module_& m) {
  py::class_<Partition> partition(m, "Partition");
  partition.def_readonly("name", &Partition::name)
      .def_readonly("level", &Partition::level)
      .def_readonly("bank", &Partition::bank)
      .def_readonly("first_row", &Partition::first_row)
      .def_readonly("rows", &Partition::rows)
      .def_readonly("row_bytes", &Partition::row_bytes)
      .def_property_readonly("size_bytes", &Partition::size_bytes);
  bind_value(
      partition,
      [](const Partition& p) {
        return py::make_tuple(p.name, p.level, p.bank, p.first_row, p.rows, p.row_bytes);
      },
      [](const py::tuple& t) {
        return Partition{t[0].cast<std::string>(), t[1].cast<std::string>(), t[2].cast<int64_t>(),
                         t[3].cast<int64_t>(),     t[4].cast<int64_t>(),     t[5].cast<int64_t>()};
      });
}

void bind_points(py::module_& m) {
  py::class_<BerRange> range(m, "BerRange");
  bind_fields(range);
  py::class_<OperatingPoint> point(m, "OperatingPoint");
  for (const Field<Settings>& f : FieldsOf<Settings>::list) {
    const auto knob = std::get<double Settings::*>(f.member);
    point.def_property_readonly(f.key, [knob](const OperatingPoint& p) { return p.at.*knob; });
  }
  point.def_property_readonly("quality", [](const OperatingPoint& p) { return name_of(p.quality); })
      .def_readonly("refresh_seconds", &OperatingPoint::refresh_seconds)
      .def_readonly("refresh_stretch", &OperatingPoint::refresh_stretch)
      .def_readonly("temperature_celsius", &OperatingPoint::temperature_celsius)
      .def_readonly("censored", &OperatingPoint::censored);
  using Corners = std::vector<std::pair<std::size_t, double>>;
  const auto pairs = [](const std::vector<Corner>& corners) {
    Corners list;
    for (const Corner& c : corners) list.emplace_back(c.index, c.share);
    return list;
  };
  const auto corners = [](const py::handle& pairs) {
    std::vector<Corner> list;
    for (const auto& [index, share] : pairs.cast<Corners>()) list.push_back({index, share});
    return list;
  };
  bind_value(
      point,
      [pairs](const OperatingPoint& p) {
        py::tuple t = py::make_tuple(tuple_of(p.at), p.refresh_seconds, p.refresh_stretch,
                                     p.temperature_celsius, static_cast<int>(p.quality), p.censored,
                                     py::tuple(py::cast(pairs(p.access))),
                                     py::tuple(py::cast(pairs(p.retention))));
        return t;
      },
      [corners](const py::tuple& t) {
        return OperatingPoint{value_of<Settings>(t[0]),
                              t[1].cast<double>(),
                              t[2].cast<double>(),
                              t[3].cast<std::optional<double>>(),
                              static_cast<Quality>(t[4].cast<int>()),
                              t[5].cast<bool>(),
                              corners(t[6]),
                              corners(t[7])};
      });
}

}  // namespace

void bind_device(py::module_& m) {
  bind_parts(m);
  bind_partition(m);
  bind_points(m);
  py::class_<Device> device(m, "Device");
  device.def_readonly("name", &Device::name)
      .def_readonly("description", &Device::description)
      .def_readonly("vendor", &Device::vendor)
      .def_readonly("standard", &Device::standard)
      .def_readonly("assumed", &Device::assumed)
      .def_readonly("refresh_seconds", &Device::refresh_seconds)
      .def_property_readonly("organisation",
                             [](const Device& d) { return dict_of(d.organisation); })
      .def_readonly("geometry", &Device::geometry)
      .def_readonly("timing", &Device::timing)
      .def_readonly("currents", &Device::currents)
      .def_readonly("partitions", &Device::partitions)
      .def_property_readonly("subarrays", &Device::subarrays)
      .def("base_of", &Device::base_of)
      .def_property_readonly("granularity",
                             [](const Device& d) {
                               py::dict knobs;
                               knobs["vdd"] = name_of(d.granularity.vdd);
                               knobs["trcd"] = name_of(d.granularity.trcd);
                               knobs["trp"] = name_of(d.granularity.trp);
                               return knobs;
                             })
      .def("at", &operating_point, py::arg("vdd_volts"), py::arg("trcd_seconds"),
           py::arg("trp_seconds"), py::arg("temperature_celsius") = py::none(),
           py::arg("refresh_seconds") = py::none())
      .def("known_points", &known_points)
      .def("measured_points", &measured_points)
      .def("module_ber", &module_ber)
      .def("retention_ber", &retention_ber)
      .def("partition_ber", &partition_ber)
      .def("locate",
           [](const Device& d, int64_t address, const std::string& order) {
             const Location at = locate(d.geometry, interleave(order), address);
             return py::make_tuple(at.bank, at.row, at.column);
           })
      .def(
          "address_of",
          [](const Device& d, int64_t bank, int64_t row, int64_t column, const std::string& order) {
            return address_of(d.geometry, interleave(order), {bank, row, column});
          })
      .def("to_json", &device_to_json);
  bind_pickle(device, py::pickle(&device_to_json, &parse_device));
  m.def("parse_device", &parse_device, py::arg("json_text"));
}

}  // namespace eden::python
