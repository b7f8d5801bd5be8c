// DRAM devices: description, operating points, error rates, address map.

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "csrc/core/address_map.h"
#include "csrc/core/device_json.h"
#include "csrc/core/operating_point.h"

namespace py = pybind11;

namespace eden::python {
namespace {

Interleave interleave(const std::string& order) {
  if (order == "lines") return Interleave::kLines;
  if (order == "banks") return Interleave::kBanks;
  throw std::invalid_argument("order = " + order + "; accepted: lines, banks");
}

void bind_parts(py::module_& m) {
  py::class_<Geometry>(m, "Geometry")
      .def_readonly("chips", &Geometry::chips)
      .def_readonly("chip_width_bits", &Geometry::chip_width_bits)
      .def_readonly("banks", &Geometry::banks)
      .def_readonly("rows_per_bank", &Geometry::rows_per_bank)
      .def_readonly("rows_per_subarray", &Geometry::rows_per_subarray)
      .def_readonly("row_bytes", &Geometry::row_bytes)
      .def_readonly("line_bytes", &Geometry::line_bytes)
      .def_property_readonly("size_bytes", &Geometry::size_bytes);
  py::class_<Partition>(m, "Partition")
      .def_readonly("name", &Partition::name)
      .def_readonly("level", &Partition::level)
      .def_readonly("bank", &Partition::bank)
      .def_readonly("first_row", &Partition::first_row)
      .def_readonly("rows", &Partition::rows)
      .def_readonly("row_bytes", &Partition::row_bytes)
      .def_property_readonly("size_bytes", &Partition::size_bytes);
  py::class_<BerRange>(m, "BerRange")
      .def_readonly("low", &BerRange::low)
      .def_readonly("mean", &BerRange::mean)
      .def_readonly("high", &BerRange::high);
  py::class_<OperatingPoint>(m, "OperatingPoint")
      .def_property_readonly("vdd_volts", [](const OperatingPoint& p) { return p.at.vdd_volts; })
      .def_property_readonly("trcd_seconds",
                             [](const OperatingPoint& p) { return p.at.trcd_seconds; })
      .def_property_readonly("trp_seconds",
                             [](const OperatingPoint& p) { return p.at.trp_seconds; })
      .def_property_readonly("quality", [](const OperatingPoint& p) { return name_of(p.quality); })
      .def_readonly("censored", &OperatingPoint::censored);
}

}  // namespace

void bind_device(py::module_& m) {
  bind_parts(m);
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
      .def("to_json", &device_to_json);
  m.def("parse_device", &parse_device, py::arg("json_text"));
}

}  // namespace eden::python
