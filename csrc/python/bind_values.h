#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "csrc/core/fields/fields.h"

namespace eden::python {

namespace py = pybind11;

// Pickling and copying by `state`, under every protocol: 0 and 1 would make an instance past
// pybind11, which ends the process.
template <class Class, class State>
void bind_pickle(Class& c, State&& state) {
  c.def(std::forward<State>(state));
  c.def("__reduce_ex__", [](const py::object& self, int) {
    return py::module_::import("builtins").attr("object").attr("__reduce_ex__")(self, 2);
  });
}

// A value: equal to another of the same numbers, and copied and pickled by a tuple of plain data.
template <class T, class ToTuple, class FromTuple>
void bind_value(py::class_<T>& c, ToTuple to_tuple, FromTuple from_tuple) {
  c.def(
      "__eq__", [=](const T& a, const T& b) { return to_tuple(a).equal(to_tuple(b)); },
      py::is_operator());
  c.def("__hash__", [=](const T& value) { return py::hash(to_tuple(value)); });
  bind_pickle(c, py::pickle(to_tuple, from_tuple));
}

template <class T>
py::tuple tuple_of(const T& value) {
  py::list list;
  for (const Field<T>& f : FieldsOf<T>::list) {
    std::visit([&](auto member) { list.append(value.*member); }, f.member);
  }
  return py::tuple(list);
}

template <class T>
T value_of(const py::tuple& tuple) {
  if (tuple.size() != std::size(FieldsOf<T>::list)) {
    refuse("pickle: ", "number of fields", tuple.size(),
           std::to_string(std::size(FieldsOf<T>::list)) + ", as in this version");
  }
  T value;
  std::size_t i = 0;
  for (const Field<T>& f : FieldsOf<T>::list) {
    const py::object item = tuple[i++];
    std::visit(
        [&](auto member) { value.*member = py::cast<std::decay_t<decltype(value.*member)>>(item); },
        f.member);
  }
  check_fields(value, "pickle: ");
  return value;
}

template <class T>
py::dict dict_of(const T& value) {
  py::dict dict;
  for (const Field<T>& f : FieldsOf<T>::list) {
    std::visit([&](auto member) { dict[f.key] = value.*member; }, f.member);
  }
  return dict;
}

// Field i of a table, and its argument of a constructor: optional for a switch, or if all are.
template <class T, std::size_t i>
constexpr auto kMember = std::get<FieldsOf<T>::list[i].member.index()>(FieldsOf<T>::list[i].member);
template <class T, std::size_t i>
using Value = std::decay_t<decltype(std::declval<T>().*kMember<T, i>)>;

template <class T, std::size_t i, bool optional>
auto argument() {
  const py::arg name(FieldsOf<T>::list[i].key);
  if constexpr (optional || std::is_same_v<Value<T, i>, bool>) {
    return name = Value<T, i>{};
  } else {
    return name;
  }
}

template <class T>
using FieldNumbers = std::make_index_sequence<std::size(FieldsOf<T>::list)>;

// A constructor from the fields of a table; `extra` stands before its arguments.
template <bool optional = false, class T, std::size_t... i, class Check, class... Extra>
void bind_init(py::class_<T>& c, std::index_sequence<i...>, Check check, Extra... extra) {
  c.def(py::init([check](Value<T, i>... values) {
          T value;
          ((value.*kMember<T, i> = values), ...);
          check(value);
          return value;
        }),
        extra..., argument<T, i, optional>()...);
}

// The fields of a table as attributes.
template <class T>
void bind_attributes(py::class_<T>& c) {
  for (const Field<T>& f : FieldsOf<T>::list) {
    std::visit([&](auto member) { c.def_readonly(f.key, member); }, f.member);
  }
}

// The same, and a value by them.
template <class T>
void bind_fields(py::class_<T>& c) {
  bind_attributes(c);
  bind_value(c, &tuple_of<T>, &value_of<T>);
  c.def("__repr__", [](const py::object& self) {
    std::string text;
    for (const Field<T>& f : FieldsOf<T>::list) {
      text += (text.empty() ? "" : ", ") + std::string(f.key) + "=";
      text += py::cast<std::string>(py::repr(self.attr(f.key)));
    }
    return py::type::of(self).attr("__name__").cast<std::string>() + "(" + text + ")";
  });
}

}  // namespace eden::python
