// The ops of eden and their schemas. Gradients are in eden/access/_raw.py, fake kernels in
// eden/access/_fakes.py.
//
// lookup, stored and correction are the numbers of kernels/law/table.h and
// kernels/formats/formats.h: an integer argument costs no allocation at each call.

#include <torch/csrc/stable/library.h>

STABLE_TORCH_LIBRARY(eden, m) {
  m.def(
      "inject(Tensor x, Tensor key, Tensor table, Tensor? order, Tensor? scale, Tensor? bounds, "
      "int lookup, int stored, int correction, int copies, int first_copy, int address, "
      "int row_bytes, Tensor? copy_numbers, Tensor? kept, bool mark) -> (Tensor, Tensor)");
  m.def(
      "inject_out(Tensor x, Tensor key, Tensor table, Tensor? order, Tensor? scale, "
      "Tensor? bounds, int lookup, int stored, int correction, int copies, int first_copy, "
      "int address, int row_bytes, Tensor? copy_numbers, Tensor(a!) out) -> ()");
  m.def(
      "weak_cells(Tensor x, Tensor key, Tensor table, Tensor? order, int lookup, int stored, "
      "int copies, int address, int row_bytes, int most_bytes) -> Tensor");
  m.def("count_flips(Tensor x, Tensor y, Tensor? scale, int stored) -> Tensor");
  m.def("seed_key(Tensor seed) -> Tensor");
  m.def("fold(Tensor key, Tensor data, bool access_only) -> Tensor");
  m.def("next_key(Tensor key, Tensor(a!) counter) -> Tensor");
  m.def("weight_range(Tensor x, int stored, int channels=0) -> (Tensor, Tensor)");
  m.def("keep_plausible(Tensor grad, Tensor corrected) -> Tensor");
  m.def(
      "encode_image(Tensor x, Tensor? scale, int stored, int copies, int embedded, bool planes) "
      "-> Tensor");
  m.def(
      "decode_image(Tensor x, Tensor image, Tensor? scale, Tensor? bounds, int stored, "
      "int correction, int copies, int embedded, bool planes, bool mark) -> (Tensor, Tensor)");
  m.def("secded_check(Tensor image) -> Tensor");
  m.def("secded_correct(Tensor image, Tensor check, Tensor(a!) counts) -> Tensor");
}
