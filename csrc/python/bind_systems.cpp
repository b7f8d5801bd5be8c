// What a system moves and what it costs: the streaming one.

#include "csrc/core/systems/stream_energy.h"
#include "csrc/python/bind_values.h"

namespace eden::python {
namespace {

std::vector<VoltageLaw> known(const std::vector<std::string>& laws) {
  std::vector<VoltageLaw> found;
  for (const std::string& law : laws) found.push_back(voltage_law(law));
  return found;
}

// Joules by law and component, and seconds.
py::tuple told(const StreamEnergy& sum, const std::vector<std::string>& laws) {
  py::dict joules;
  for (std::size_t i = 0; i < laws.size(); ++i) {
    py::dict parts = dict_of(sum.joules[i]);
    parts["interface"] = sum.interface[i];
    joules[py::str(laws[i])] = parts;
  }
  return py::make_tuple(joules, sum.seconds);
}

}  // namespace

void bind_systems(py::module_& m) {
  py::class_<StreamAccess>(m, "StreamAccess")
      .def(py::init([](bool write, int64_t banks, int64_t address, int64_t bytes) {
             return StreamAccess{write, banks, address, bytes};
           }),
           py::kw_only(), py::arg("write"), py::arg("banks"), py::arg("address"), py::arg("bytes"));
  py::class_<Transfer>(m, "Transfer")
      .def(py::init([](const StreamAccess& access, const Settings& at, double times,
                       double refresh_stretch) {
             return Transfer{access, at, times, refresh_stretch};
           }),
           py::arg("access"), py::arg("at"), py::arg("times"), py::arg("refresh_stretch") = 1.0);
  py::class_<Streams>(m, "Streams")
      .def(py::init([](const Device& device, const std::shared_ptr<Rules>& others) {
             return std::make_unique<Streams>(device, others);
           }),
           py::arg("device"), py::arg("others"))
      .def(
          "energy",
          [](Streams& streams, const std::vector<Transfer>& transfers,
             const std::vector<std::string>& laws) {
            return told(stream_energy(&streams, transfers, known(laws)), laws);
          },
          "Joules of the rank by law and component, and seconds.", py::arg("transfers"),
          py::arg("laws"))
      .def(
          "idle",
          [](const Streams& streams, double seconds, double vdd_volts, double refresh_stretch,
             const std::vector<std::string>& laws) {
            return told(idle_energy(streams, seconds, vdd_volts, refresh_stretch, known(laws)),
                        laws);
          },
          "The same of waiting.", py::arg("seconds"), py::arg("vdd_volts"),
          py::arg("refresh_stretch"), py::arg("laws"))
      .def(
          "counts",
          [](Streams& streams, const std::vector<Transfer>& transfers) {
            OpenRows open;
            std::vector<CommandCounts> counts;
            for (const Transfer& t : transfers) counts.push_back(streams.counts(t, &open));
            return counts;
          },
          "Commands and cycles of transfers, each made once, one after another.",
          py::arg("transfers"))
      .def(
          "joules_by_point",
          [](Streams& streams, const std::vector<StreamAccess>& accesses,
             const std::vector<double>& times,
             const std::vector<std::pair<Settings, double>>& points, const std::string& law) {
            std::vector<TransferPoint> at;
            for (const auto& [settings, stretch] : points) at.push_back({settings, stretch});
            return joules_by_point(&streams, accesses, times, at, voltage_law(law));
          },
          "Joules of each access by itself at each point (settings, refresh stretch), "
          "[accesses][points].",
          py::arg("accesses"), py::arg("times"), py::arg("points"), py::arg("law"));
}

}  // namespace eden::python
