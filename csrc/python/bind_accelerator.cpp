// Accelerators: the work of a layer, and its stream through a memory.

#include <memory>

#include "csrc/core/fields/fields.h"
#include "csrc/core/systems/accelerator.h"
#include "csrc/core/systems/layer_stream.h"
#include "csrc/python/bind_values.h"

namespace eden::python {
namespace {

Dataflow dataflow(const std::string& name) {
  if (name == "output_stationary") return Dataflow::kOutputStationary;
  if (name == "row_stationary") return Dataflow::kRowStationary;
  refuse("", "dataflow", shown_text(name), "output_stationary, row_stationary");
}

template <std::size_t... i>
void bind_constructor(py::class_<Accelerator>& c, std::index_sequence<i...>) {
  c.def(py::init([](const std::string& flow, Value<Accelerator, i>... values) {
          Accelerator a;
          a.dataflow = dataflow(flow);
          ((a.*kMember<Accelerator, i> = values), ...);
          check_fields(a, "accelerator: ");
          return a;
        }),
        py::arg("dataflow"), py::kw_only(), py::arg(FieldsOf<Accelerator>::list[i].key)...);
}

}  // namespace

void bind_accelerator(py::module_& m) {
  py::class_<Accelerator> accelerator(m, "Accelerator");
  bind_constructor(accelerator, FieldNumbers<Accelerator>{});
  py::class_<Work> work(m, "Work");
  bind_attributes(work);
  m.def("work_of", &work_of, "Clocks and passes of a layer.", py::arg("accelerator"),
        py::arg("layer"));

  py::class_<TensorStream>(m, "TensorStream")
      .def(py::init([](int64_t address, int64_t bytes, double passes, bool write) {
             return TensorStream{address, bytes, passes, write};
           }),
           py::kw_only(), py::arg("address"), py::arg("bytes"), py::arg("passes"),
           py::arg("write"));
  py::class_<StreamServed>(m, "StreamServed")
      .def_readonly("reads", &StreamServed::reads)
      .def_readonly("writes", &StreamServed::writes)
      .def_readonly("fraction", &StreamServed::fraction)
      .def_readonly("dram_seconds", &StreamServed::dram_seconds)
      .def_readonly("seconds", &StreamServed::seconds)
      .def_readonly("row_hits", &StreamServed::row_hits)
      .def_readonly("counts", &StreamServed::counts);
  m.def(
      "serve_layer",
      [](const std::shared_ptr<Rules>& rules, const std::vector<TensorStream>& tensors,
         int64_t tiles, double compute_seconds, bool overlap, const std::string& map,
         const std::string& policy, int64_t most_requests) {
        return serve(rules, {tensors, tiles, compute_seconds, overlap},
                     {map, parse_policy(policy), most_requests});
      },
      "Time and commands of the requests of a layer.", py::arg("rules"), py::arg("tensors"),
      py::kw_only(), py::arg("tiles"), py::arg("compute_seconds"), py::arg("overlap"),
      py::arg("map"), py::arg("policy"), py::arg("most_requests"));
}

}  // namespace eden::python
