// Fits of error models to counts of failures.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <map>
#include <string>

#include "csrc/core/fields/fields.h"
#include "csrc/core/fit/weak_fit.h"

namespace py = pybind11;

namespace eden::python {
namespace {

using Counts = py::array_t<int64_t, py::array::c_style | py::array::forcecast>;

std::vector<FailureGroup> groups_of(const Counts& counts) {
  if (counts.ndim() != 2 || counts.shape(1) != 6) {
    refuse("", "shape of counts", std::string(py::str(counts.attr("shape"))), "[groups, 6]");
  }
  std::vector<FailureGroup> groups(static_cast<std::size_t>(counts.shape(0)));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const int64_t* row = counts.data(static_cast<py::ssize_t>(i), 0);
    groups[i] = {row[0], row[1], row[2], row[3], row[4], row[5], 1.0};
  }
  return groups;
}

FitNumber number_of(const std::string& name) {
  static const std::map<std::string, FitNumber> kNames = {
      {"weak", FitNumber::kWeak},          {"failure_zero", FitNumber::kFailureZero},
      {"failure", FitNumber::kFailureOne}, {"shape", FitNumber::kShape},
      {"rate_zero", FitNumber::kRateZero}, {"rate", FitNumber::kRateOne}};
  const auto found = kNames.find(name);
  if (found == kNames.end()) {
    refuse("", "number", shown_text(name), "weak, failure_zero, failure, shape, rate_zero, rate");
  }
  return found->second;
}

}  // namespace

void bind_fit(py::module_& m) {
  py::class_<WeakFit>(m, "WeakFit")
      .def_property_readonly("weak", [](const WeakFit& fit) { return fit.law.weak; })
      .def_property_readonly("shape", [](const WeakFit& fit) { return fit.law.shape; })
      .def_property_readonly("failure_zero", [](const WeakFit& fit) { return fit.law.failure[0]; })
      .def_property_readonly("failure", [](const WeakFit& fit) { return fit.law.failure[1]; })
      .def_readonly("log_likelihood", &WeakFit::log_likelihood)
      .def_property_readonly("expected_weak", [](const WeakFit& fit) {
        return py::array_t<double>(static_cast<py::ssize_t>(fit.expected_weak.size()),
                                   fit.expected_weak.data());
      });
  m.def(
      "fit_weak",
      [](const Counts& counts, bool failure, bool by_stored, bool spread,
         std::pair<double, double> hint) {
        const auto groups = groups_of(counts);
        py::gil_scoped_release release;
        return fit_weak(groups, {failure, by_stored, spread, {hint.first, hint.second}});
      },
      "Most likely law of places: cells, failures, seen cells, their failures, reads, stored bit.",
      py::arg("counts"), py::kw_only(), py::arg("failure"), py::arg("by_stored"), py::arg("spread"),
      py::arg("hint"));
  m.def(
      "profile_interval",
      [](const Counts& counts, bool failure, bool by_stored, bool spread,
         std::pair<double, double> hint, const WeakFit& best, const std::string& number,
         double drop) {
        const auto groups = groups_of(counts);
        const FitNumber which = number_of(number);
        py::gil_scoped_release release;
        const FitInterval ends = profile_interval(
            groups, {failure, by_stored, spread, {hint.first, hint.second}}, best, which, drop);
        return std::make_pair(ends.low, ends.high);
      },
      "Ends of a number whose likelihood, all others fitted anew, falls by `drop`.",
      py::arg("counts"), py::kw_only(), py::arg("failure"), py::arg("by_stored"), py::arg("spread"),
      py::arg("hint"), py::arg("best"), py::arg("number"), py::arg("drop"));
  m.def(
      "hint_of_parts",
      [](const Counts& counts, const std::vector<int64_t>& sum_of, const std::vector<double>& share,
         double weak, double shape, double failure) {
        const auto parts = groups_of(counts);
        for (const std::size_t size : {sum_of.size(), share.size()}) {
          if (size == parts.size()) continue;
          refuse("", "length of sum_of or share", size, "that of counts, one for each part");
        }
        py::gil_scoped_release release;
        const FailureHint hint =
            hint_of_parts(parts, sum_of, share, {weak, shape, {failure, failure}});
        return std::make_pair(hint.odds, hint.bend);
      },
      "What the parts of sums tell of F: its log-odds, and the bend of the likelihood there.",
      py::arg("counts"), py::arg("sum_of"), py::arg("share"), py::kw_only(), py::arg("weak"),
      py::arg("shape"), py::arg("failure"));
  m.def(
      "weak_log_likelihood",
      [](const Counts& counts, double weak, double shape, double failure_zero, double failure) {
        return log_likelihood(groups_of(counts), {weak, shape, {failure_zero, failure}});
      },
      "Log-likelihood of a law.", py::arg("counts"), py::kw_only(), py::arg("weak"),
      py::arg("shape"), py::arg("failure_zero"), py::arg("failure"));
}

}  // namespace eden::python
