// Energy equations, and the commands they count.

#include "csrc/core/energy/energy.h"
#include "csrc/python/bind_values.h"

namespace eden::python {

void bind_energy(py::module_& m) {
  py::class_<CommandCounts> counts(m, "CommandCounts");
  bind_init<true>(counts, FieldNumbers<CommandCounts>{}, [](const CommandCounts& n) { check(n); });
  bind_fields(counts);
  m.def(
      "dram_energy",
      [](const CommandCounts& counts, const Currents& currents, const Timing& timing,
         double vdd_volts, const std::string& law) {
        return dict_of(dram_energy(counts, currents, timing, vdd_volts, voltage_law(law)));
      },
      "Joules of one chip by component.", py::arg("counts"), py::arg("currents"), py::arg("timing"),
      py::arg("vdd_volts"), py::arg("law"));
}

}  // namespace eden::python
