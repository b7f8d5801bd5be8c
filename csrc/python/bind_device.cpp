// DRAM devices: description, operating points, error rates, address map.

#include "csrc/core/address/address_map.h"
#include "csrc/core/devices/device_json.h"
#include "csrc/core/devices/operating_point.h"
#include "csrc/python/bind_values.h"

namespace eden::python {
namespace {

Interleave interleave(const std::string& order) {
  if (order == "lines") return Interleave::kLines;
  if (order == "banks") return Interleave::kBanks;
  throw std::invalid_argument("order = " + order + "; accepted: lines, banks");
}

// A value that its `check` accepts.
template <class T>
T checked(const T& value) {
  check(value);
  return value;
}

void bind_parts(py::module_& m) {
  py::class_<Geometry> geometry(m, "Geometry");
  geometry
      .def(py::init([](int64_t chips, int64_t width, int64_t banks, int64_t rows, int64_t subarray,
                       int64_t row_bytes, int64_t line_bytes) {
             return checked(Geometry{chips, width, banks, rows, subarray, row_bytes, line_bytes});
           }),
           py::kw_only(), py::arg("chips"), py::arg("chip_width_bits"), py::arg("banks"),
           py::arg("rows_per_bank"), py::arg("rows_per_subarray"), py::arg("row_bytes"),
           py::arg("line_bytes"))
      .def_property_readonly("size_bytes", &Geometry::size_bytes);
  bind_fields(geometry);
  py::class_<Timing> timing(m, "Timing");
  timing.def(
      py::init([](double clock, int64_t burst, double tras, double trc, double trfc, double trefi) {
        return checked(Timing{clock, burst, tras, trc, trfc, trefi});
      }),
      py::arg("clock_seconds"), py::arg("burst_clocks"), py::arg("tras_seconds"),
      py::arg("trc_seconds"), py::arg("trfc_seconds"), py::arg("trefi_seconds"));
  bind_fields(timing);
  py::class_<Currents> currents(m, "Currents");
  currents.def(py::init([](double vdd, double i0, double i2n, double i3n, double i4r, double i4w,
                           double i5, bool assumed) {
                 return checked(Currents{vdd, i0, i2n, i3n, i4r, i4w, i5, assumed});
               }),
               py::arg("vdd_volts"), py::arg("idd0_amperes"), py::arg("idd2n_amperes"),
               py::arg("idd3n_amperes"), py::arg("idd4r_amperes"), py::arg("idd4w_amperes"),
               py::arg("idd5_amperes"), py::arg("assumed") = false);
  bind_fields(currents);
  py::class_<Settings> settings(m, "Settings");
  settings.def(py::init([](double vdd, double trcd, double trp) {
                 return Settings{vdd, trcd, trp};
               }),
               py::arg("vdd_volts"), py::arg("trcd_seconds"), py::arg("trp_seconds"));
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
  point.def_property_readonly("vdd_volts", [](const OperatingPoint& p) { return p.at.vdd_volts; })
      .def_property_readonly("trcd_seconds",
                             [](const OperatingPoint& p) { return p.at.trcd_seconds; })
      .def_property_readonly("trp_seconds",
                             [](const OperatingPoint& p) { return p.at.trp_seconds; })
      .def_property_readonly("quality", [](const OperatingPoint& p) { return name_of(p.quality); })
      .def_readonly("censored", &OperatingPoint::censored);
  bind_value(
      point,
      [](const OperatingPoint& p) {
        return py::make_tuple(tuple_of(p.at), static_cast<int>(p.quality), p.censored, p.below,
                              p.above, p.share);
      },
      [](const py::tuple& t) {
        return OperatingPoint{value_of<Settings>(t[0]), static_cast<Quality>(t[1].cast<int>()),
                              t[2].cast<bool>(),        t[3].cast<std::size_t>(),
                              t[4].cast<std::size_t>(), t[5].cast<double>()};
      });
}

}  // namespace

void bind_device(py::module_& m) {
  bind_parts(m);
  bind_partition(m);
  bind_points(m);
  py::class_<Device>(m, "Device")
      .def_readonly("name", &Device::name)
      .def_readonly("description", &Device::description)
      .def_readonly("geometry", &Device::geometry)
      .def_readonly("timing", &Device::timing)
      .def_readonly("currents", &Device::currents)
      .def_readonly("partitions", &Device::partitions)
      .def_property_readonly("subarrays", &Device::subarrays)
      .def("base_of", &Device::base_of)
      .def_property_readonly("granularity",
                             [](const Device& d) {
                               const auto text = [](Level level) {
                                 return level == Level::kModule ? "module" : "bank";
                               };
                               py::dict knobs;
                               knobs["vdd"] = text(d.granularity.vdd);
                               knobs["trcd"] = text(d.granularity.trcd);
                               knobs["trp"] = text(d.granularity.trp);
                               return knobs;
                             })
      .def("at", &operating_point, py::arg("vdd_volts"), py::arg("trcd_seconds"),
           py::arg("trp_seconds"))
      .def("known_points", &known_points)
      .def("module_ber", &module_ber)
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
      .def("to_json", &device_to_json)
      .def(py::pickle(&device_to_json, &parse_device));
  m.def("parse_device", &parse_device, py::arg("json_text"));
}

}  // namespace eden::python
