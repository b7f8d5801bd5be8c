// One call of a module, as systems see it.

#include "csrc/core/systems/layer.h"
#include "csrc/python/bind_values.h"

namespace eden::python {
namespace {

// A constructor by keywords; what is left out keeps its default.
template <std::size_t... i>
void bind_constructor(py::class_<Layer>& c, std::index_sequence<i...>) {
  const Layer none;
  c.def(py::init([](const std::string& name, const std::string& kind, Value<Layer, i>... values) {
          Layer layer;
          layer.name = name;
          layer.kind = layer_kind(kind);
          ((layer.*kMember<Layer, i> = values), ...);
          check(layer);
          return layer;
        }),
        py::arg("name"), py::arg("kind"), py::kw_only(),
        (py::arg(FieldsOf<Layer>::list[i].key) = none.*kMember<Layer, i>)...);
}

py::tuple state_of(const Layer& layer) {
  return py::make_tuple(layer.name, name_of(layer.kind), tuple_of(layer));
}

}  // namespace

void bind_layer(py::module_& m) {
  py::class_<Layer> layer(m, "Layer");
  bind_constructor(layer, FieldNumbers<Layer>{});
  bind_attributes(layer);
  layer.def_readonly("name", &Layer::name)
      .def_property_readonly("kind", [](const Layer& l) { return name_of(l.kind); })
      .def_property_readonly("weight_bytes", &Layer::weight_bytes)
      .def_property_readonly("input_bytes", &Layer::input_bytes)
      .def_property_readonly("output_bytes", &Layer::output_bytes)
      .def_property_readonly("pixels", &Layer::pixels)
      .def_property_readonly("depth", &Layer::depth)
      .def_property_readonly("filters", &Layer::filters)
      .def(
          "on_chip",
          [](Layer l, bool weight, bool input, bool output) {
            l.weight_on_chip = weight;
            l.input_on_chip = input;
            l.output_on_chip = output;
            return l;
          },
          "The same layer with other tensors on the chip.", py::kw_only(), py::arg("weight"),
          py::arg("input"), py::arg("output"))
      .def("__repr__", [](const Layer& l) {
        return "Layer(" + l.name + ": " + name_of(l.kind) + ", " +
               std::to_string(l.weight_bytes()) + " + " + std::to_string(l.input_bytes()) + " + " +
               std::to_string(l.output_bytes()) + " bytes, " + std::to_string(l.macs) + " MACs)";
      });
  bind_value(layer, &state_of, [](const py::tuple& state) {
    auto found = value_of<Layer>(state[2].cast<py::tuple>());
    found.name = state[0].cast<std::string>();
    found.kind = layer_kind(state[1].cast<std::string>());
    check(found);
    return found;
  });
}

}  // namespace eden::python
