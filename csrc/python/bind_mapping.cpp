// Placement of tensors: the problem, Algorithm 1, and the checks of any other solution.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "csrc/core/mapping/budget.h"
#include "csrc/core/mapping/mapping.h"

namespace py = pybind11;

namespace eden::python {

void bind_mapping(py::module_& m) {
  py::class_<MapSlot>(m, "MapSlot")
      .def(py::init([](std::size_t partition, std::size_t group, std::size_t point, double ber,
                       double reduction, std::size_t price) {
             return MapSlot{partition, group, point, ber, reduction, price};
           }),
           py::kw_only(), py::arg("partition"), py::arg("group"), py::arg("point"), py::arg("ber"),
           py::arg("reduction"), py::arg("price"))
      .def_readonly("partition", &MapSlot::partition)
      .def_readonly("group", &MapSlot::group)
      .def_readonly("point", &MapSlot::point)
      .def_readonly("ber", &MapSlot::ber)
      .def_readonly("reduction", &MapSlot::reduction)
      .def_readonly("price", &MapSlot::price);
  py::class_<MapProblem>(m, "MapProblem")
      .def(py::init([](std::vector<int64_t> bytes, std::vector<double> tolerances,
                       std::vector<int64_t> room, std::vector<MapSlot> slots,
                       std::vector<std::vector<double>> cost) {
             MapProblem problem{std::move(bytes), std::move(tolerances), std::move(room),
                                std::move(slots), std::move(cost)};
             check_problem(problem);
             return problem;
           }),
           py::kw_only(), py::arg("tensor_bytes"), py::arg("tolerances"), py::arg("room_bytes"),
           py::arg("slots"), py::arg("cost"))
      .def_readonly("tensor_bytes", &MapProblem::tensor_bytes)
      .def_readonly("tolerances", &MapProblem::tolerances)
      .def_readonly("room_bytes", &MapProblem::room_bytes)
      .def_readonly("slots", &MapProblem::slots)
      .def_readonly("cost", &MapProblem::cost);
  m.def(
      "map_greedily",
      [](const MapProblem& problem) {
        const Assignment a = map_greedily(problem);
        py::list missing;
        for (const Shortfall& s : a.shortfalls) {
          missing.append(py::make_tuple(s.tensor, s.missing_bytes));
        }
        return py::make_tuple(a.slot, missing, a.cost);
      },
      "Algorithm 1: slot of each tensor, (tensor, missing bytes) of those without, joules.",
      py::arg("problem"));
  m.def("assignment_cost", &assignment_cost, py::arg("problem"), py::arg("slot"));
  m.def("cost_bound", &cost_bound, py::arg("problem"));
  m.def(
      "keep_budget",
      [](const MapProblem& ways, std::vector<std::size_t> tensor,
         const py::array_t<double, py::array::c_style | py::array::forcecast>& hazard, double limit,
         std::vector<std::size_t> way, std::vector<std::size_t> slot) {
        const Budget budget{
            std::move(tensor), {hazard.data(), hazard.data() + hazard.size()}, limit};
        const Choice c = keep_budget(ways, budget, {std::move(way), std::move(slot)});
        return py::make_tuple(c.way, c.slot, c.cost, c.hazard);
      },
      "Moves tensors to less hazard: way and slot of each, joules, hazard in all.", py::arg("ways"),
      py::kw_only(), py::arg("tensor"), py::arg("hazard"), py::arg("limit"), py::arg("way"),
      py::arg("slot"));
}

}  // namespace eden::python
