// What a system moves and what it costs: the streaming one.

#include "csrc/core/systems/stream_energy.h"
#include "csrc/python/bind_values.h"

namespace eden::python {

void bind_systems(py::module_& m) {
  py::class_<StreamAccess>(m, "StreamAccess")
      .def(py::init([](bool write, bool interleaved, int64_t address, int64_t bytes) {
             const Interleave order = interleaved ? Interleave::kLines : Interleave::kBanks;
             return StreamAccess{write, order, address, bytes};
           }),
           py::kw_only(), py::arg("write"), py::arg("interleaved"), py::arg("address"),
           py::arg("bytes"));
  py::class_<Transfer>(m, "Transfer")
      .def(py::init([](const StreamAccess& access, const Settings& at, double times,
                       double refresh_stretch) {
             return Transfer{access, at, times, refresh_stretch};
           }),
           py::arg("access"), py::arg("at"), py::arg("times"), py::arg("refresh_stretch") = 1.0);
  m.def(
      "stream_energy",
      [](const Device& device, const std::vector<Transfer>& transfers,
         const std::vector<std::string>& laws) {
        std::vector<VoltageLaw> known;
        for (const std::string& law : laws) known.push_back(voltage_law(law));
        const StreamEnergy sum = stream_energy(device, transfers, known);
        py::dict joules;
        for (std::size_t i = 0; i < laws.size(); ++i) {
          joules[py::str(laws[i])] = dict_of(sum.joules[i]);
        }
        return py::make_tuple(joules, sum.seconds);
      },
      "Joules of the rank by law and component, and seconds.", py::arg("device"),
      py::arg("transfers"), py::arg("laws"));
  m.def(
      "joules_by_point",
      [](const Device& device, const std::vector<StreamAccess>& accesses,
         const std::vector<double>& times, const std::vector<std::pair<Settings, double>>& points,
         const std::string& law) {
        std::vector<TransferPoint> at;
        for (const auto& [settings, stretch] : points) at.push_back({settings, stretch});
        return joules_by_point(device, accesses, times, at, voltage_law(law));
      },
      "Joules of each access by itself at each point (settings, refresh stretch), "
      "[accesses][points].",
      py::arg("device"), py::arg("accesses"), py::arg("times"), py::arg("points"), py::arg("law"));
}

}  // namespace eden::python
