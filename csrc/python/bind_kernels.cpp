#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "kernels/access/check.h"
#include "kernels/cpu/inject.h"
#include "kernels/law/refusal.h"

namespace py = pybind11;

namespace eden::python {
namespace {

template <class T>
using DenseArray = py::array_t<T, py::array::c_style>;

std::string text(const py::object& object) { return py::str(object); }

template <class... Parts>
std::string refused(const Parts&... parts) {
  return "inject: " + refusal(parts...);
}

// Element type of an array: floats by value, integers by width (they fail on their own bits).
ElementType element_of(const py::array& x) {
  const char kind = x.dtype().kind();
  const auto size = x.itemsize();
  if (kind == 'f' && size == 4) return ElementType::kFp32;
  if (kind == 'f' && size == 2) return ElementType::kFp16;
  if ((kind == 'i' || kind == 'u') && size <= 4) {
    return size == 1 ? ElementType::kRaw8 : size == 2 ? ElementType::kRaw16 : ElementType::kRaw32;
  }
  throw py::type_error(
      refused("dtype of x", text(x.dtype()), "float32, float16 and integers of up to 32 bits"));
}

// Kernels take elements as this machine has them in memory, one after the other.
void check_memory(const char* name, const py::array& array) {
  if (array.dtype().byteorder() == '>') {
    throw py::type_error(refused(joined("dtype of ", name), text(array.dtype()),
                                 "one in this machine's byte order"));
  }
  if (!(array.flags() & py::array::c_style)) {
    throw std::invalid_argument(
        refused(joined("layout of ", name), "not C-contiguous", "C-contiguous"));
  }
}

void check_output(const py::array& out, const py::array& x) {
  if (!out.dtype().equal(x.dtype())) {
    throw py::type_error(refused("dtype of out", text(out.dtype()), text(x.dtype()), ", as x has"));
  }
  if (!out.attr("shape").equal(x.attr("shape"))) {
    throw std::invalid_argument(
        refused("shape of out", text(out.attr("shape")), text(x.attr("shape")), ", as x has"));
  }
  if (!out.writeable()) {
    throw std::invalid_argument(refused("out", "read-only", "an array that may be written to"));
  }
}

void inject(const py::array& x, const py::array& out, const DenseArray<int64_t>& table,
            const std::optional<DenseArray<int32_t>>& order,
            const std::optional<DenseArray<float>>& scale, uint64_t device_key, uint64_t access_key,
            int lookup, int stored, int correction, float lo, float hi, int64_t copies,
            int64_t first_copy, int64_t address, int64_t row_bytes) {
  check_memory("x", x);
  check_memory("out", out);
  if (table.ndim() != 2 || table.shape(1) != 4) {
    throw std::invalid_argument(
        refused("shape of table", text(table.attr("shape")), "[entries, 4]"));
  }
  if (copies < 1 || x.size() % copies != 0) {
    throw std::invalid_argument(
        refused("copies", copies, "at least 1 and a divisor of the ", x.size(), " elements of x"));
  }
  InjectParams p{};
  p.input = x.data();
  p.output = const_cast<void*>(out.data());
  p.table = reinterpret_cast<const TableEntry*>(table.data());
  p.entries = table.shape(0);
  p.rank_columns = order ? order->data() : nullptr;
  p.ranks = order ? order->size() : 0;
  p.scales = scale ? scale->data() : nullptr;
  p.scale_count = scale ? scale->size() : 0;
  p.elements = x.size() / copies;
  p.copies = copies;
  p.first_copy = first_copy;
  p.address = address;
  p.row_bytes = row_bytes;
  const uint64_t key[2] = {device_key, access_key};
  p.key = key;
  p.element = element_of(x);
  p.stored = static_cast<Stored>(stored);
  p.lookup = static_cast<Lookup>(lookup);
  p.correction = static_cast<Correction>(correction);
  const float bounds[2] = {lo, hi};
  p.bounds = bounds;
  std::string problem = problem_of(p, out.nbytes());
  if (problem.empty()) problem = problem_of_arrays(p);
  if (!problem.empty()) throw std::invalid_argument("inject: " + problem);
  check_output(out, x);
  const py::gil_scoped_release release;
  const InjectPlan plan(p, 1);
  plan.run(0, plan.units());
}

}  // namespace

void bind_kernels(py::module_& m) {
  m.def("inject", &inject, py::arg("x"), py::arg("out"), py::kw_only(), py::arg("table"),
        py::arg("order"), py::arg("scale"), py::arg("device_key"), py::arg("access_key"),
        py::arg("lookup"), py::arg("stored"), py::arg("correction"), py::arg("lo"), py::arg("hi"),
        py::arg("copies"), py::arg("first_copy"), py::arg("address"), py::arg("row_bytes"),
        "Inject into a NumPy array; eden/access/arrays.py checks the arguments.");
}

}  // namespace eden::python
