#include "kernels/cpu/measure.h"

#include "kernels/cpu/float_mode.h"
#include "kernels/dispatch.h"

namespace eden {

void count_flips_cpu(const void* x, const void* y, ElementType element, Stored stored, float scale,
                     int64_t n, int64_t* counts) {
  const SubnormalsKept subnormals_kept;
  dispatch(element, stored, [&](auto type, auto codec) {
    using Element = decltype(type);
    using Codec = decltype(codec);
    const auto* before = static_cast<const typename Element::Raw*>(x);
    const auto* after = static_cast<const typename Element::Raw*>(y);
    for (int64_t i = 0; i < n; ++i) {
      const uint32_t old_code = Codec::encode(before[i], scale);
      const uint32_t new_code = code_of_loaded<Element, Codec>(after[i], scale);
      for (uint32_t flips = old_code ^ new_code; flips != 0; flips &= flips - 1) {
        const int bit = __builtin_ctz(flips);
        ++counts[2 * bit + static_cast<int>((old_code >> bit) & 1)];
      }
    }
  });
}

}  // namespace eden
