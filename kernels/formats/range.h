#pragma once

#include <cmath>

#include "kernels/formats/formats.h"

namespace eden {

// Step of an integer format that holds magnitudes up to `greatest`, at least 2^-126.
EDEN_HD inline float step_of(float greatest, Stored stored) {
  const int bits = stored == Stored::kInt16 ? 16 : stored == Stored::kInt8 ? 8 : 4;
  if (!(greatest > 0.0f)) return 1.0f;
  const float step = greatest / static_cast<float>((1 << (bits - 1)) - 1);
  constexpr float kSmallest = 1.17549435e-38f;  // 2^-126
  return step > kSmallest ? step : kSmallest;
}

// Bounds of what values within a range read as: the extreme values are rounded too, outward as
// often as not. In an integer format the bounds lie half a step beyond their codes. Zeros read as
// zeros, and half of their step of 1 would be far beyond what the other channels hold.
EDEN_HD inline Bounds plausible_bounds(float lowest, float highest, Stored stored, float scale) {
  // Neither the order of -0 and 0 in memory nor how a thread met them may be seen.
  const float lo = lowest + 0.0f;
  const float hi = highest + 0.0f;
  switch (stored) {
    case Stored::kFp32:
      return {lo, hi};
    case Stored::kFp16:
      return {float_from_bits(Fp16::widen(Fp16::narrow(bits_from_float(lo)))),
              float_from_bits(Fp16::widen(Fp16::narrow(bits_from_float(hi))))};
    case Stored::kBf16:
      return {float_from_bits(Bf16::widen(Bf16::narrow(bits_from_float(lo)))),
              float_from_bits(Bf16::widen(Bf16::narrow(bits_from_float(hi))))};
    default:
      if (lo == 0.0f && hi == 0.0f) return {0.0f, 0.0f};
      return {(rintf(lo / scale) - 0.5f) * scale, (rintf(hi / scale) + 0.5f) * scale};
  }
}

}  // namespace eden
