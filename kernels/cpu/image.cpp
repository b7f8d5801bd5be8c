#include "kernels/cpu/image.h"

#include "kernels/cpu/processor/float_mode.h"
#include "kernels/formats/dispatch.h"

namespace eden {

void encode_image_cpu(const ImageParams& params, int64_t begin, int64_t end) {
  const FloatMode float_mode;
  dispatch_float(params.coding.element, params.coding.stored, [&](auto element, auto codec) {
    for (int64_t g = begin; g < end; ++g) {
      encode_group<decltype(element), decltype(codec)>(params, g);
    }
  });
}

void decode_image_cpu(const ImageParams& params, int64_t begin, int64_t end) {
  const FloatMode float_mode;
  dispatch_float(params.coding.element, params.coding.stored, [&](auto element, auto codec) {
    const Bounds bounds = image_bounds<decltype(element)>(params);
    for (int64_t g = begin; g < end; ++g) {
      decode_group<decltype(element), decltype(codec)>(params, bounds, g);
    }
  });
}

}  // namespace eden
