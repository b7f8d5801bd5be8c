#include "kernels/cpu/image.h"

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include <cstdint>
#include <optional>
#include <tuple>

#include "csrc/ops/checks.h"
#include "csrc/ops/protect.h"

namespace eden::ops {
namespace {

using torch::headeronly::ScalarType;

constexpr int64_t kGrain = 1 << 12;  // groups

Tensor encode_image(const Tensor& x, std::optional<Tensor> scale, int64_t stored, int64_t copies,
                    int64_t embedded, bool planes) {
  ImageParams params = make_image_params(
      {"encode_image", x, scale, std::nullopt, stored, 0, copies, embedded, planes});
  Tensor image = torch::stable::new_empty(x, {copies, image_bytes_of(params)}, ScalarType::Byte);
  params.coding.input = x.const_data_ptr();
  params.image = static_cast<uint8_t*>(image.mutable_data_ptr());
  torch::stable::parallel_for(0, params.groups() * copies, kGrain, [&](int64_t begin, int64_t end) {
    encode_image_cpu(params, begin, end);
  });
  return image;
}

std::tuple<Tensor, Tensor> decode_image(const Tensor& x, const Tensor& image,
                                        std::optional<Tensor> scale, std::optional<Tensor> bounds,
                                        int64_t stored, int64_t correction, int64_t copies,
                                        int64_t embedded, bool planes, bool mark) {
  ImageParams params = make_image_params(
      {"decode_image", x, scale, bounds, stored, correction, copies, embedded, planes});
  check_image(image, x, params);
  Tensor out = torch::stable::empty_like(x);
  const int64_t groups = (x.numel() + 7) / 8;
  Tensor corrected = torch::stable::new_empty(x, {mark ? groups : 0}, ScalarType::Byte);
  params.image = static_cast<uint8_t*>(const_cast<void*>(image.const_data_ptr()));
  params.coding.input = x.const_data_ptr();
  params.coding.output = out.mutable_data_ptr();
  if (mark) params.coding.corrected = static_cast<uint8_t*>(corrected.mutable_data_ptr());
  torch::stable::parallel_for(
      0, groups, kGrain, [&](int64_t begin, int64_t end) { decode_image_cpu(params, begin, end); });
  return {out, corrected};
}

}  // namespace
}  // namespace eden::ops

STABLE_TORCH_LIBRARY_IMPL(eden, CPU, m) {
  m.impl("encode_image", TORCH_BOX(&eden::ops::encode_image));
  m.impl("decode_image", TORCH_BOX(&eden::ops::decode_image));
}
