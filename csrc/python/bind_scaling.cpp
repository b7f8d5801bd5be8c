// Scaling of an error model to a mean bit error rate.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <stdexcept>

#include "kernels/law/scaling.h"

namespace py = pybind11;

namespace eden::python {
namespace {

using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;

Numbers scaled(const Numbers& weak, const Numbers& failure, const Numbers& share, double ber) {
  const py::ssize_t n = weak.size();
  if (failure.size() != n || share.size() != n) {
    throw std::invalid_argument("scale_to_ber: the three arrays must have the same length");
  }
  const ScalingEntries entries{weak.data(), failure.data(), share.data(), n};
  const double most = most_ber(entries);
  // A rate computed from the model itself may lie above by its rounding.
  if (ber != 0 && (most == 0 || !(ber <= most * (1 + 1e-12)))) {
    throw py::value_error(
        py::str("ber is {}, this error model reaches at most {}: all of its cells that can be "
                "weak, failing with their failure probability")
            .format(ber, most));
  }
  Numbers result(n);
  scale_to_ber(entries, ber, result.mutable_data());
  return result;
}

}  // namespace

void bind_scaling(py::module_& m) {
  m.def("scale_to_ber", &scaled, py::arg("weak_fraction"), py::arg("failure_probability"),
        py::arg("share"), py::arg("ber"),
        "Weak fractions, every stress times one factor, so that sum(share * P * F) is `ber`.");
}

}  // namespace eden::python
