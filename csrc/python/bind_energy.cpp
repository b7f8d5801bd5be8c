// Energy equations and the streaming system's command counts.

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "csrc/core/energy.h"
#include "csrc/core/streaming.h"

namespace py = pybind11;

namespace eden::python {

void bind_energy(py::module_& m) {
  py::class_<Timing>(m, "Timing")
      .def(py::init([](double clock, int64_t burst, double tras, double trc, double trfc,
                       double trefi) { return Timing{clock, burst, tras, trc, trfc, trefi}; }),
           py::arg("clock_seconds"), py::arg("burst_clocks"), py::arg("tras_seconds"),
           py::arg("trc_seconds"), py::arg("trfc_seconds"), py::arg("trefi_seconds"))
      .def_readonly("clock_seconds", &Timing::clock_seconds)
      .def_readonly("burst_clocks", &Timing::burst_clocks)
      .def_readonly("tras_seconds", &Timing::tras_seconds)
      .def_readonly("trc_seconds", &Timing::trc_seconds)
      .def_readonly("trfc_seconds", &Timing::trfc_seconds)
      .def_readonly("trefi_seconds", &Timing::trefi_seconds);
  py::class_<Currents>(m, "Currents")
      .def(py::init(
               [](double vdd, double i0, double i2n, double i3n, double i4r, double i4w, double i5,
                  bool assumed) { return Currents{vdd, i0, i2n, i3n, i4r, i4w, i5, assumed}; }),
           py::arg("vdd_volts"), py::arg("idd0_amperes"), py::arg("idd2n_amperes"),
           py::arg("idd3n_amperes"), py::arg("idd4r_amperes"), py::arg("idd4w_amperes"),
           py::arg("idd5_amperes"), py::arg("assumed") = false)
      .def_readonly("vdd_volts", &Currents::vdd_volts)
      .def_readonly("idd0_amperes", &Currents::idd0)
      .def_readonly("idd2n_amperes", &Currents::idd2n)
      .def_readonly("idd3n_amperes", &Currents::idd3n)
      .def_readonly("idd4r_amperes", &Currents::idd4r)
      .def_readonly("idd4w_amperes", &Currents::idd4w)
      .def_readonly("idd5_amperes", &Currents::idd5)
      .def_readonly("assumed", &Currents::assumed);
  py::class_<CommandCounts>(m, "CommandCounts")
      .def(py::init([](double activates, double precharges, double reads, double writes,
                       double refreshes, double active, double precharged) {
             return CommandCounts{activates, precharges, reads,     writes,
                                  refreshes, active,     precharged};
           }),
           py::arg("activates") = 0, py::arg("precharges") = 0, py::arg("reads") = 0,
           py::arg("writes") = 0, py::arg("refreshes") = 0, py::arg("active_cycles") = 0,
           py::arg("precharged_cycles") = 0)
      .def_readonly("activates", &CommandCounts::activates)
      .def_readonly("precharges", &CommandCounts::precharges)
      .def_readonly("reads", &CommandCounts::reads)
      .def_readonly("writes", &CommandCounts::writes)
      .def_readonly("refreshes", &CommandCounts::refreshes)
      .def_readonly("active_cycles", &CommandCounts::active_cycles)
      .def_readonly("precharged_cycles", &CommandCounts::precharged_cycles);
  m.def(
      "dram_energy",
      [](const CommandCounts& counts, const Currents& currents, const Timing& timing,
         double vdd_volts, const std::string& law) {
        const DramEnergy e = dram_energy(counts, currents, timing, vdd_volts, voltage_law(law));
        py::dict joules;
        joules["activate"] = e.activate;
        joules["precharge"] = e.precharge;
        joules["read"] = e.read;
        joules["write"] = e.write;
        joules["refresh"] = e.refresh;
        joules["background_active"] = e.background_active;
        joules["background_precharged"] = e.background_precharged;
        return joules;
      },
      "Joules of one chip by component.", py::arg("counts"), py::arg("currents"), py::arg("timing"),
      py::arg("vdd_volts"), py::arg("law"));
  py::class_<StreamAccess>(m, "StreamAccess")
      .def(py::init([](bool write, bool interleaved, int64_t address, int64_t bytes, double trcd,
                       double trp) {
             const Interleave order = interleaved ? Interleave::kLines : Interleave::kBanks;
             return StreamAccess{write, order, address, bytes, trcd, trp};
           }),
           py::kw_only(), py::arg("write"), py::arg("interleaved"), py::arg("address"),
           py::arg("bytes"), py::arg("trcd_seconds"), py::arg("trp_seconds"));
  m.def("stream", &stream, "Commands and cycles of each access.", py::arg("geometry"),
        py::arg("timing"), py::arg("accesses"));
}

}  // namespace eden::python
