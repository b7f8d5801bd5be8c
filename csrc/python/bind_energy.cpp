// Energy equations, and the commands they count.

#include "csrc/core/energy/energy.h"
#include "csrc/python/bind_values.h"

namespace eden::python {

py::dict joules_of(const DramEnergy& e) {
  py::dict joules;
  joules["activate"] = e.activate;
  joules["precharge"] = e.precharge;
  joules["read"] = e.read;
  joules["write"] = e.write;
  joules["refresh"] = e.refresh;
  joules["background_active"] = e.background_active;
  joules["background_precharged"] = e.background_precharged;
  return joules;
}

void bind_energy(py::module_& m) {
  py::class_<CommandCounts> counts(m, "CommandCounts");
  counts.def(py::init([](double activates, double precharges, double reads, double writes,
                         double refreshes, double active, double precharged) {
               const CommandCounts n{activates, precharges, reads,     writes,
                                     refreshes, active,     precharged};
               check(n);
               return n;
             }),
             py::arg("activates") = 0, py::arg("precharges") = 0, py::arg("reads") = 0,
             py::arg("writes") = 0, py::arg("refreshes") = 0, py::arg("active_cycles") = 0,
             py::arg("precharged_cycles") = 0);
  bind_fields(counts);
  m.def(
      "dram_energy",
      [](const CommandCounts& counts, const Currents& currents, const Timing& timing,
         double vdd_volts, const std::string& law) {
        return joules_of(dram_energy(counts, currents, timing, vdd_volts, voltage_law(law)));
      },
      "Joules of one chip by component.", py::arg("counts"), py::arg("currents"), py::arg("timing"),
      py::arg("vdd_volts"), py::arg("law"));
}

}  // namespace eden::python
