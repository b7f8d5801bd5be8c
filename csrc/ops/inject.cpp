#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <optional>
#include <tuple>

#include "csrc/ops/checks.h"
#include "kernels/cpu/inject_cpu.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

// Fills what does not depend on the output, and checks that the arguments fit together.
InjectParams make_params(const Tensor& x, const Tensor& key, const Tensor& table,
                         const std::optional<Tensor>& order, const std::optional<Tensor>& scale,
                         const std::optional<Tensor>& bounds, int64_t law, int64_t stored,
                         int64_t correction, int64_t copies, int64_t first_copy, int64_t address,
                         int64_t row_bytes) {
  InjectParams p{};
  p.element = element_of("inject", x);
  STD_TORCH_CHECK(x.is_contiguous(), "eden::inject: x must be contiguous");
  check_dense("inject", "key", key, ScalarType::Long);
  STD_TORCH_CHECK(key.numel() == 2, "eden::inject: key must have shape [2], got ", key.numel(),
                  " elements");
  check_dense("inject", "table", table, ScalarType::Long);
  STD_TORCH_CHECK(table.dim() == 2 && table.size(0) >= 1 && table.size(1) == 4,
                  "eden::inject: table must have shape [entries, 4] with at least one entry");
  STD_TORCH_CHECK(law >= 0 && law <= 2, "eden::inject: law is ", law, ", accepted are 0 to 2");
  STD_TORCH_CHECK(stored >= 0 && stored <= 5, "eden::inject: stored is ", stored,
                  ", accepted are 0 to 5");
  STD_TORCH_CHECK(correction >= 0 && correction <= 2, "eden::inject: correction is ", correction,
                  ", accepted are 0 to 2");
  STD_TORCH_CHECK(copies >= 1 && x.numel() % copies == 0, "eden::inject: copies is ", copies,
                  ", must be at least 1 and divide the number of elements, ", x.numel());
  STD_TORCH_CHECK(first_copy >= 0, "eden::inject: first_copy is ", first_copy, ", must be >= 0");
  STD_TORCH_CHECK(row_bytes >= 64 && row_bytes <= 8192 && (row_bytes & (row_bytes - 1)) == 0,
                  "eden::inject: row_bytes is ", row_bytes,
                  ", must be a power of two from 64 to 8192");
  constexpr int64_t kLastAddress = int64_t{1} << 56;
  const bool raw = p.element >= ElementType::kRaw8;
  p.stored = static_cast<Stored>(stored);
  const int bits = stored_bits(p.element, p.stored);
  const int64_t alignment = bits < 8 ? 1 : bits / 8;
  STD_TORCH_CHECK(address >= 0 && address < kLastAddress && address % alignment == 0,
                  "eden::inject: address is ", address, ", must be a multiple of ", alignment,
                  " bytes from 0 to 2^56");
  STD_TORCH_CHECK(!raw || correction == 0,
                  "eden::inject: integer tensors have no implausible values, correction must be "
                  "'off' for them");

  p.law = static_cast<Law>(law);
  p.table = reinterpret_cast<const TableEntry*>(table.const_data_ptr());
  p.entries = table.size(0);
  p.elements = x.numel() / copies;
  const int64_t last_byte = address + (p.elements * bits + 7) / 8 - 1;
  if (p.law == Law::kBitline) {
    STD_TORCH_CHECK(p.entries == 8 * row_bytes, "eden::inject: a bitline table has ", p.entries,
                    " entries, must have one a bitline: ", 8 * row_bytes, " for row_bytes ",
                    row_bytes);
    STD_TORCH_CHECK(order.has_value(), "eden::inject: a bitline table needs an order");
    check_dense("inject", "order", *order, ScalarType::Int);
    STD_TORCH_CHECK(order->numel() == p.entries, "eden::inject: order has ", order->numel(),
                    " entries, must have ", p.entries);
    p.rank_columns = static_cast<const int32_t*>(order->const_data_ptr());
  } else if (p.law == Law::kWordline) {
    STD_TORCH_CHECK(p.elements == 0 || last_byte / row_bytes < p.entries,
                    "eden::inject: the tensor ends in row ", last_byte / row_bytes,
                    ", the wordline table has ", p.entries, " rows of ", row_bytes, " bytes");
  } else {
    STD_TORCH_CHECK(p.entries == 1, "eden::inject: a table for all cells has one entry, got ",
                    p.entries);
  }
  if (p.stored >= Stored::kInt16 && !raw) {
    STD_TORCH_CHECK(scale.has_value(), "eden::inject: an integer format needs a scale");
    check_dense("inject", "scale", *scale, ScalarType::Float);
    p.scales = static_cast<const float*>(scale->const_data_ptr());
    p.scale_count = scale->numel();
    STD_TORCH_CHECK(p.scale_count >= 1 && p.elements % p.scale_count == 0,
                    "eden::inject: scale has ", p.scale_count, " entries, must divide the ",
                    p.elements, " elements of a copy");
    for (int64_t i = 0; i < p.scale_count; ++i) {
      STD_TORCH_CHECK(p.scales[i] >= 0x1p-126f && p.scales[i] <= 0x1.fffffep127f,
                      "eden::inject: scale[", i, "] is ", p.scales[i],
                      ", must be finite and at least 2^-126");
    }
  }
  p.correction = static_cast<Correction>(correction);
  if (p.correction != Correction::kOff) {
    STD_TORCH_CHECK(bounds.has_value(), "eden::inject: correction needs bounds");
    check_dense("inject", "bounds", *bounds, ScalarType::Float);
    STD_TORCH_CHECK(bounds->numel() == 2, "eden::inject: bounds must have shape [2]");
    const auto* limits = static_cast<const float*>(bounds->const_data_ptr());
    p.bounds = {limits[0], limits[1]};
    STD_TORCH_CHECK(p.bounds.lo <= p.bounds.hi, "eden::inject: bounds are [", p.bounds.lo, ", ",
                    p.bounds.hi, "], the lower one must not exceed the upper one");
  }
  const auto* keys = static_cast<const int64_t*>(key.const_data_ptr());
  p.device_key = static_cast<uint64_t>(keys[0]);
  p.access_key = static_cast<uint64_t>(keys[1]);
  p.input = x.const_data_ptr();
  p.copies = copies;
  p.first_copy = first_copy;
  p.address = address;
  p.row_bytes = row_bytes;
  return p;
}

void run(const InjectParams& params) {
  const InjectPlan plan(params, static_cast<int>(torch::stable::get_num_threads()));
  // Small work is not worth waking threads for: half a segment each at least.
  const int64_t elements_per_unit =
      plan.units() == 0 ? 1 : params.elements * params.copies / plan.units();
  const int64_t grain = elements_per_unit == 0 ? 1024 : 1 + 8192 / (elements_per_unit + 1);
  torch::stable::parallel_for(0, plan.units(), grain,
                              [&](int64_t begin, int64_t end) { plan.run(begin, end); });
}

std::tuple<Tensor, Tensor> inject(const Tensor& x, const Tensor& key, const Tensor& table,
                                  std::optional<Tensor> order, std::optional<Tensor> scale,
                                  std::optional<Tensor> bounds, int64_t law, int64_t stored,
                                  int64_t correction, int64_t copies, int64_t first_copy,
                                  int64_t address, int64_t row_bytes, bool mark) {
  InjectParams params = make_params(x, key, table, order, scale, bounds, law, stored, correction,
                                    copies, first_copy, address, row_bytes);
  Tensor out = torch::stable::empty_like(x);
  const int64_t mask_bytes = mark ? (x.numel() + 7) / 8 : 0;
  Tensor corrected = torch::stable::new_zeros(x, {mask_bytes}, ScalarType::Byte);
  params.output = out.mutable_data_ptr();
  if (mark) params.corrected = static_cast<uint8_t*>(corrected.mutable_data_ptr());
  run(params);
  return {out, corrected};
}

void inject_out(const Tensor& x, const Tensor& key, const Tensor& table,
                std::optional<Tensor> order, std::optional<Tensor> scale,
                std::optional<Tensor> bounds, int64_t law, int64_t stored, int64_t correction,
                int64_t copies, int64_t first_copy, int64_t address, int64_t row_bytes,
                Tensor out) {
  InjectParams params = make_params(x, key, table, order, scale, bounds, law, stored, correction,
                                    copies, first_copy, address, row_bytes);
  check_dense("inject", "out", out, x.scalar_type());
  STD_TORCH_CHECK(out.numel() == x.numel(), "eden::inject: out has ", out.numel(),
                  " elements, must have as many as x: ", x.numel());
  params.output = out.mutable_data_ptr();
  const auto* from = static_cast<const char*>(params.input);
  const auto* to = static_cast<const char*>(params.output);
  const int64_t bytes = x.numel() * x.element_size();
  STD_TORCH_CHECK(bytes == 0 || to + bytes <= from || from + bytes <= to,
                  "eden::inject: out overlaps x, must be other memory");
  run(params);
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("inject", TORCH_BOX(&eden::ops::inject));
  m.impl("inject_out", TORCH_BOX(&eden::ops::inject_out));
}
