#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <stdexcept>

#include "kernels/law/lower.h"

namespace py = pybind11;

namespace eden::python {

void bind_lowering(py::module_& m) {
  using Probabilities = py::array_t<double, py::array::c_style | py::array::forcecast>;
  m.def(
      "lower",
      [](const Probabilities& weak, const Probabilities& one, const Probabilities& zero) {
        const py::ssize_t n = weak.size();
        if (one.size() != n || zero.size() != n) {
          throw std::invalid_argument("lower: the three arrays must have the same length");
        }
        py::array_t<int64_t> table({n, py::ssize_t{4}});
        auto* row = table.mutable_data();
        for (py::ssize_t i = 0; i < n; ++i, row += 4) {
          const TableEntry entry = lower(weak.data()[i], one.data()[i], zero.data()[i]);
          row[0] = static_cast<int64_t>(entry.stress);
          row[1] = static_cast<int64_t>(entry.dense);
          row[2] = static_cast<int64_t>(entry.fail_one);
          row[3] = static_cast<int64_t>(entry.fail_zero);
        }
        return table;
      },
      py::arg("weak_fraction"), py::arg("failure_one"), py::arg("failure_zero"),
      "Injection table, int64 [n, 4], of n error parameters (stress, dense, fail_one, fail_zero).");
}

}  // namespace eden::python
