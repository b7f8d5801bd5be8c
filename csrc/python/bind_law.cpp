// The law of errors: the injection table of an error model, its scaling, and random numbers.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>

#include "kernels/cpu/processor/float_mode.h"
#include "kernels/law/lower.h"
#include "kernels/law/philox.h"
#include "kernels/law/refusal.h"
#include "kernels/law/scaling.h"

namespace py = pybind11;

namespace eden::python {
namespace {

using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;

void check_lengths(const char* function, std::initializer_list<const Numbers*> arrays) {
  for (const Numbers* array : arrays) {
    if (array->size() == (*arrays.begin())->size()) continue;
    throw std::invalid_argument(
        joined(function, ": ",
               refusal("number of values", array->size(), (*arrays.begin())->size(),
                       ", as in the first array")));
  }
}

py::array_t<int64_t> lowered(const Numbers& weak, const Numbers& one, const Numbers& zero) {
  check_lengths("lower", {&weak, &one, &zero});
  const py::ssize_t n = weak.size();
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
}

Numbers scaled(const Numbers& weak, const Numbers& failure, const Numbers& share, double ber) {
  check_lengths("scale_to_ber", {&weak, &failure, &share});
  const FloatMode mode;
  const ScalingEntries entries{weak.data(), failure.data(), share.data(), weak.size()};
  const double most = most_ber(entries);
  // A rate computed from the model itself may lie above by its rounding.
  if (ber != 0 && !(ber <= most * (1 + 1e-12))) {
    const auto shown = [](double value) { return std::string(py::str(py::float_(value))); };
    throw py::value_error(refusal("ber", shown(ber), "at most ", shown(most),
                                  ", which this error model reaches where all of its cells that "
                                  "can be weak fail with their failure probability"));
  }
  Numbers result(weak.size());
  scale_to_ber(entries, ber, result.mutable_data());
  return result;
}

py::array_t<float> to_float32(const Numbers& values) {
  py::array_t<float> result(values.size());
  const FloatMode mode;
  for (py::ssize_t i = 0; i < values.size(); ++i) {
    result.mutable_data()[i] = static_cast<float>(values.data()[i]);
  }
  return result;
}

// As a context manager, of the thread that enters it.
struct Nearest {
  std::optional<FloatMode> mode;
};

py::tuple philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t key) {
  const PhiloxBlock block = philox4x32(c0, c1, c2, c3, key);
  return py::make_tuple(block.word[0], block.word[1], block.word[2], block.word[3]);
}

}  // namespace

void bind_law(py::module_& m) {
  m.def("lower", &lowered, py::arg("weak_fraction"), py::arg("failure_one"),
        py::arg("failure_zero"),
        "Injection table, int64 [n, 4], of n error parameters (stress, dense, fail_one, "
        "fail_zero).");
  m.def("scale_to_ber", &scaled, py::arg("weak_fraction"), py::arg("failure_probability"),
        py::arg("share"), py::arg("ber"),
        "Weak fractions, every stress times one factor, so that sum(share * P * F) is `ber`.");
  py::class_<Nearest>(m, "Nearest", "Floats round to nearest in this thread, inside the context.")
      .def(py::init<>())
      .def("__enter__", [](Nearest& self) { self.mode.emplace(); })
      .def("__exit__", [](Nearest& self, const py::args&) { self.mode.reset(); });
  m.def("to_float32", &to_float32, py::arg("values"),
        "The nearest float32, [n], whatever rounding the caller has set the processor to.");
  m.def("philox4x32", &philox, "One block of Philox4x32-10, for tests.");
}

}  // namespace eden::python
