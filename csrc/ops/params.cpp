#include "csrc/ops/params.h"

#include "csrc/ops/checks.h"

namespace eden::ops {

using torch::headeronly::ScalarType;

InjectParams make_params(const InjectArguments& arguments) {
  const auto& [x, key, table, order, scale, bounds, lookup, stored, correction, copies, first_copy,
               address, row_bytes, copy_numbers] = arguments;
  InjectParams p{};
  p.element = element_of("inject", x);
  check_dense("inject", "x", x, x.scalar_type());
  check_beside("inject", "key", key, ScalarType::Long, x);
  check_count("inject", "key", key, 2);
  check_beside("inject", "table", table, ScalarType::Long, x);
  STD_TORCH_CHECK(table.dim() == 2 && table.size(1) == 4,
                  refused("inject", "shape of table", shape_of(table), "[entries, 4]"));
  check_copies("inject", copies, x);
  p.key = static_cast<const uint64_t*>(key.const_data_ptr());
  p.table = static_cast<const TableEntry*>(table.const_data_ptr());
  p.entries = table.size(0);
  if (order.has_value()) {
    check_beside("inject", "order", *order, ScalarType::Int, x);
    p.rank_columns = static_cast<const int32_t*>(order->const_data_ptr());
    p.ranks = order->numel();
  }
  if (scale.has_value()) {
    check_beside("inject", "scale", *scale, ScalarType::Float, x);
    p.scales = static_cast<const float*>(scale->const_data_ptr());
    p.scale_count = scale->numel();
  }
  if (bounds.has_value()) {
    check_beside("inject", "bounds", *bounds, ScalarType::Float, x);
    check_count("inject", "bounds", *bounds, 2);
    p.bounds = static_cast<const float*>(bounds->const_data_ptr());
  }
  if (copy_numbers.has_value()) {
    check_beside("inject", "copy_numbers", *copy_numbers, ScalarType::Long, x);
    check_count("inject", "copy_numbers", *copy_numbers, copies);
    p.copy_numbers = static_cast<const int64_t*>(copy_numbers->const_data_ptr());
  }
  p.input = x.const_data_ptr();
  p.elements = x.numel() / copies;
  p.copies = copies;
  p.first_copy = first_copy;
  p.address = address;
  p.row_bytes = row_bytes;
  p.stored = static_cast<Stored>(stored);
  p.lookup = static_cast<Lookup>(lookup);
  p.correction = static_cast<Correction>(correction);
  return p;
}

}  // namespace eden::ops
