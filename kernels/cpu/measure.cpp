#include <algorithm>

#include "kernels/cpu/float_mode.h"
#include "kernels/cpu/inject_cpu.h"
#include "kernels/dispatch.h"

namespace eden {

float absolute_maximum_cpu(const void* x, ElementType element, int64_t n) {
  const auto over = [&](auto type) {
    using Element = decltype(type);
    const auto* raw = static_cast<const typename Element::Raw*>(x);
    uint32_t greatest = 0;  // magnitudes order like their bits
    for (int64_t i = 0; i < n; ++i) {
      const uint32_t magnitude = Element::widen(raw[i]) & 0x7FFFFFFFu;
      greatest = std::max(greatest, magnitude < 0x7F800000u ? magnitude : 0);
    }
    return float_from_bits(greatest);
  };
  if (element == ElementType::kFp16) return over(Fp16{});
  if (element == ElementType::kBf16) return over(Bf16{});
  return over(Fp32{});
}

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
