// eden._core: the host models and the kernels for NumPy arrays, without torch.
// pybind11 rather than the torch ABI: these functions take and return plain data.

#include <pybind11/pybind11.h>

namespace eden::python {

void bind_law(pybind11::module_& m);
void bind_kernels(pybind11::module_& m);
void bind_device(pybind11::module_& m);
void bind_energy(pybind11::module_& m);
void bind_layer(pybind11::module_& m);
void bind_accelerator(pybind11::module_& m);
void bind_systems(pybind11::module_& m);
void bind_mapping(pybind11::module_& m);
void bind_fit(pybind11::module_& m);
void bind_dram(pybind11::module_& m);
void bind_processor(pybind11::module_& m);

}  // namespace eden::python

PYBIND11_MODULE(_core, m) {
  m.doc() =
      "Host models of eden: law of errors, kernels on NumPy arrays, devices, mapping, energy, "
      "fits.";
  eden::python::bind_law(m);
  eden::python::bind_kernels(m);
  eden::python::bind_device(m);
  eden::python::bind_energy(m);
  eden::python::bind_layer(m);
  eden::python::bind_accelerator(m);
  eden::python::bind_systems(m);
  eden::python::bind_mapping(m);
  eden::python::bind_fit(m);
  eden::python::bind_dram(m);
  eden::python::bind_processor(m);
}
