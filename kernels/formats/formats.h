#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/law/philox.h"

namespace eden {

#if defined(__FAST_MATH__)
#error "eden rounds and knows NaN as IEEE 754 has it: compile it without -ffast-math"
#endif

// Codes, flips and marks are bytes laid over words: the lowest byte must come first.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

// How an element lies in DRAM. The numbers are part of the op's schema (eden/access/formats.py).
enum class Stored : int { kFp32 = 0, kFp16 = 1, kBf16 = 2, kInt16 = 3, kInt8 = 4, kInt4 = 5 };

// What a tensor's elements are before encoding. The numbers are internal.
enum class ElementType : int { kFp32, kFp16, kBf16, kRaw8, kRaw16, kRaw32 };

// What becomes of a loaded value outside its bounds, or NaN.
enum class Correction : int { kOff = 0, kZero = 1, kSaturate = 2 };

EDEN_HD inline float float_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

EDEN_HD inline uint32_t bits_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// One of two numbers without a branch. A loop without branches can become a vector loop; given
// `?:`, compilers move float arithmetic into the arm that uses it, and a branch is back.
EDEN_HD constexpr uint32_t choose(bool first, uint32_t a, uint32_t b) {
  return b ^ ((a ^ b) & (0u - static_cast<uint32_t>(first)));
}

// Conversions of our own, so that CPU and GPU agree on every rounding, subnormal and NaN. NaN
// becomes the canonical quiet NaN with its sign. All ways are computed and one is chosen. The float
// arithmetic among them is exact or rounds once, to nearest (kernels/cpu/processor/float_mode.h),
// and no operand that counts is subnormal.

EDEN_HD inline uint32_t float_bits_from_half(uint32_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7FFFu;
  const uint32_t normal = (magnitude << 13) + (112u << 23);
  // A subnormal half, 2^-24 times its fraction, is a normal float.
  const float fraction = static_cast<float>(static_cast<int32_t>(magnitude));
  const uint32_t finite = choose(magnitude < 0x400u, bits_from_float(fraction * 0x1p-24f), normal);
  const uint32_t special = choose(magnitude > 0x7C00u, 0x7FC00000u, 0x7F800000u);
  return sign | choose(magnitude < 0x7C00u, finite, special);
}

// Round to nearest, ties to even: `value` without its `dropped` lowest bits.
EDEN_HD inline uint32_t round_shift(uint32_t value, int dropped) {
  const uint32_t odd = (value >> dropped) & 1;
  return (value + ((1u << (dropped - 1)) - 1) + odd) >> dropped;
}

EDEN_HD inline uint32_t half_from_float_bits(uint32_t bits) {
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  // A carry out of the fraction moves the exponent up, to infinity at the top: both right.
  const uint32_t normal = round_shift(magnitude - 0x38000000u, 13);
  // Below 2^-14 the step is 2^-24, which is that of the floats from 1/2 on.
  const uint32_t small = bits_from_float(float_from_bits(magnitude) + 0.5f) - 0x3F000000u;
  const uint32_t finite = choose(magnitude < 0x38800000u, small, normal);
  const uint32_t special = choose(magnitude > 0x7F800000u, 0x7E00u, 0x7C00u);
  return sign | choose(magnitude < 0x47800000u, finite, special);  // 2^16 and above is infinite
}

EDEN_HD inline uint32_t float_bits_from_bfloat(uint32_t brain) {
  const uint32_t nan = ((brain & 0x8000u) << 16) | 0x7FC00000u;
  return choose((brain & 0x7FFFu) > 0x7F80u, nan, brain << 16);
}

EDEN_HD inline uint32_t bfloat_from_float_bits(uint32_t bits) {
  const uint32_t nan = ((bits >> 16) & 0x8000u) | 0x7FC0u;
  return choose((bits & 0x7FFFFFFFu) > 0x7F800000u, nan, round_shift(bits, 16));
}

// The element types a tensor can have, by how their raw bits become a float and back.
struct Fp32 {
  using Raw = uint32_t;
  static constexpr Stored kStored = Stored::kFp32;
  static constexpr int kBits = 32;
  static constexpr Raw kInfinity = 0x7F800000u;
  EDEN_HD static uint32_t widen(uint32_t raw) { return raw; }
  EDEN_HD static uint32_t narrow(uint32_t bits) { return bits; }
};

struct Fp16 {
  using Raw = uint16_t;
  static constexpr Stored kStored = Stored::kFp16;
  static constexpr int kBits = 16;
  static constexpr Raw kInfinity = 0x7C00u;
  EDEN_HD static uint32_t widen(uint32_t raw) { return float_bits_from_half(raw); }
  EDEN_HD static uint32_t narrow(uint32_t bits) { return half_from_float_bits(bits); }
};

struct Bf16 {
  using Raw = uint16_t;
  static constexpr Stored kStored = Stored::kBf16;
  static constexpr int kBits = 16;
  static constexpr Raw kInfinity = 0x7F80u;
  EDEN_HD static uint32_t widen(uint32_t raw) { return float_bits_from_bfloat(raw); }
  EDEN_HD static uint32_t narrow(uint32_t bits) { return bfloat_from_float_bits(bits); }
};

// A float element held as a float of another width: bits of `Store` in DRAM.
template <class Element, class Store>
struct FloatCodec {
  using Format = Store;
  static constexpr int kBits = Store::kBits;
  static constexpr bool kNative = Element::kStored == Store::kStored;
  static constexpr bool kInteger = false;
  EDEN_HD static uint32_t encode(uint32_t raw, float) {
    if constexpr (kNative) return raw;
    return Store::narrow(Element::widen(raw));
  }
  EDEN_HD static uint32_t decode(uint32_t code, float) {
    if constexpr (kNative) return code;
    return Element::narrow(Store::widen(code));
  }
};

// A float element held as a symmetric two's-complement integer of `bits` bits times a scale.
template <class Element, int bits>
struct IntCodec {
  static constexpr int kBits = bits;
  static constexpr bool kNative = false;
  static constexpr bool kInteger = true;
  static constexpr uint32_t kTop = (1u << (bits - 1)) - 1;
  // Of the float 2^(bits - 1) - 1, the greatest code.
  static constexpr uint32_t kTopBits = bits == 16  ? 0x46FFFE00u
                                       : bits == 8 ? 0x42FE0000u
                                                   : 0x40E00000u;

  EDEN_HD static uint32_t encode(uint32_t raw, float scale) {
    const uint32_t ratio = bits_from_float(float_from_bits(Element::widen(raw)) / scale);
    uint32_t magnitude = ratio & 0x7FFFFFFFu;  // orders like its value, NaN above all
    magnitude = magnitude > 0x7F800000u ? 0 : magnitude;
    magnitude = magnitude < kTopBits ? magnitude : kTopBits;
    // 1.5 * 2^23 leaves no fraction bits: the addition rounds half to even, and the sum's lowest
    // bits are the code.
    const float clamped = float_from_bits(magnitude | (ratio & 0x80000000u));
    return bits_from_float(clamped + 12582912.0f) & ((1u << bits) - 1);
  }
  EDEN_HD static uint32_t decode(uint32_t code, float scale) {
    const int32_t value = static_cast<int32_t>(code << (32 - bits)) >> (32 - bits);
    return Element::narrow(bits_from_float(static_cast<float>(value) * scale));
  }
};

// An integer element on its own bits.
template <class RawType, int bits>
struct RawCodec {
  static constexpr int kBits = bits;
  static constexpr bool kNative = true;
  static constexpr bool kInteger = false;
  EDEN_HD static uint32_t encode(uint32_t raw, float) { return raw; }
  EDEN_HD static uint32_t decode(uint32_t code, float) { return code; }
};

template <class RawType>
struct RawElement {
  using Raw = RawType;
  EDEN_HD static uint32_t widen(uint32_t) { return 0; }
  EDEN_HD static uint32_t narrow(uint32_t) { return 0; }
};

// Bounds of plausible values, representable in the element type.
struct Bounds {
  float lo, hi;
};

// What a value beyond a bound of the element type saturates to: the bound, in an integer format the
// outermost code within it, for the bound itself may lie between two codes.
template <class Element, class Codec>
EDEN_HD inline uint32_t saturated(bool below, Bounds bounds, float scale) {
  const float bound = below ? bounds.lo : bounds.hi;
  const uint32_t raw = Element::narrow(bits_from_float(bound));
  if constexpr (!Codec::kInteger) {
    return raw;
  } else {
    const uint32_t code = Codec::encode(raw, scale);
    const uint32_t nearest = Codec::decode(code, scale);
    const float value = float_from_bits(Element::widen(nearest));
    constexpr uint32_t kMask = 2 * Codec::kTop + 1;
    if (below ? value >= bound || code == Codec::kTop
              : value <= bound || code == (-Codec::kTop & kMask)) {
      return nearest;
    }
    return Codec::decode(below ? code + 1 : code - 1, scale);
  }
}

// The value a load returns for a decoded one; `corrected` says whether it was implausible.
template <class Element, class Codec>
EDEN_HD inline uint32_t correct(uint32_t raw, Correction correction, Bounds bounds, float scale,
                                bool* corrected) {
  const float value = float_from_bits(Element::widen(raw));
  const bool plausible = value >= bounds.lo && value <= bounds.hi;
  *corrected = !plausible;
  if (plausible) return raw;
  if (correction == Correction::kZero || value != value) return 0;
  return saturated<Element, Codec>(value < bounds.lo, bounds, scale);
}

// The code in DRAM of a value that a load returned. Unlike what encode writes, a faulty integer can
// be the one below the symmetric range, -2^(bits - 1).
template <class Element, class Codec>
EDEN_HD inline uint32_t code_of_loaded(uint32_t raw, float scale) {
  const uint32_t code = Codec::encode(raw, scale);
  if constexpr (Codec::kInteger) {
    const float value = float_from_bits(Element::widen(raw)) / scale;
    constexpr float kLowest = -static_cast<float>(1 << (Codec::kBits - 1));
    if (value < kLowest + 0.5f) return 1u << (Codec::kBits - 1);
  }
  return code;
}

// Bounds moved inward to the nearest values of the element type.
template <class Element>
EDEN_HD inline Bounds round_inward(Bounds bounds) {
  const auto down = [](float limit) {  // greatest element value <= limit
    uint32_t raw = Element::narrow(bits_from_float(limit));
    if (float_from_bits(Element::widen(raw)) <= limit) return float_from_bits(Element::widen(raw));
    const uint32_t sign = 1u << (sizeof(typename Element::Raw) * 8 - 1);
    if (raw == 0 || raw == sign) {
      raw = sign | 1;  // below zero comes the smallest negative subnormal
    } else {
      raw = (raw & sign) ? raw + 1 : raw - 1;
    }
    return float_from_bits(Element::widen(raw));
  };
  return {-down(-bounds.lo), down(bounds.hi)};
}

}  // namespace eden
