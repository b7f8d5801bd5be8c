#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/philox.h"

namespace eden {

// How an element lies in DRAM. The numbers are part of the op's schema (eden/formats.py).
enum class Stored : int { kFp32 = 0, kFp16 = 1, kBf16 = 2, kInt16 = 3, kInt8 = 4, kInt4 = 5 };

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

// Conversions in integers only, so that CPU and GPU agree on every rounding, subnormal and NaN.
// NaN becomes the canonical quiet NaN with its sign.

EDEN_HD inline uint32_t float_bits_from_half(uint32_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1Fu;
  uint32_t fraction = half & 0x3FFu;
  if (exponent == 31) return sign | (fraction != 0 ? 0x7FC00000u : 0x7F800000u);
  if (exponent != 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction == 0) return sign;
  uint32_t shift = 0;  // a subnormal half is a normal float
  while ((fraction & 0x400u) == 0) {
    fraction <<= 1;
    ++shift;
  }
  return sign | ((113 - shift) << 23) | ((fraction & 0x3FFu) << 13);
}

// Round to nearest, ties to even: `kept` after dropping the `dropped` lowest bits of `value`.
EDEN_HD inline uint32_t round_shift(uint32_t value, int dropped) {
  const uint32_t kept = value >> dropped;
  const uint32_t rest = value & ((1u << dropped) - 1);
  const uint32_t half = 1u << (dropped - 1);
  return kept + (rest > half || (rest == half && (kept & 1)) ? 1 : 0);
}

EDEN_HD inline uint32_t half_from_float_bits(uint32_t bits) {
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return sign | 0x7E00u;
  if (magnitude >= 0x47800000u) return sign | 0x7C00u;  // 2^16 and above
  // A carry out of the fraction moves the exponent up, to infinity at the top: both right.
  if (magnitude >= 0x38800000u) return sign | round_shift(magnitude - 0x38000000u, 13);
  if (magnitude < 0x33000000u) return sign;  // below 2^-25
  const uint32_t fraction = (magnitude & 0x7FFFFFu) | 0x800000u;
  return sign | round_shift(fraction, static_cast<int>(126 - (magnitude >> 23)));
}

EDEN_HD inline uint32_t float_bits_from_bfloat(uint32_t brain) {
  if ((brain & 0x7FFFu) > 0x7F80u) return ((brain & 0x8000u) << 16) | 0x7FC00000u;
  return brain << 16;
}

EDEN_HD inline uint32_t bfloat_from_float_bits(uint32_t bits) {
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return ((bits >> 16) & 0x8000u) | 0x7FC0u;
  return round_shift(bits, 16);
}

// The element types a tensor can have, by how their raw bits become a float and back.
struct Fp32 {
  using Raw = uint32_t;
  static constexpr Stored kStored = Stored::kFp32;
  static constexpr int kBits = 32;
  EDEN_HD static uint32_t widen(uint32_t raw) { return raw; }
  EDEN_HD static uint32_t narrow(uint32_t bits) { return bits; }
};

struct Fp16 {
  using Raw = uint16_t;
  static constexpr Stored kStored = Stored::kFp16;
  static constexpr int kBits = 16;
  EDEN_HD static uint32_t widen(uint32_t raw) { return float_bits_from_half(raw); }
  EDEN_HD static uint32_t narrow(uint32_t bits) { return half_from_float_bits(bits); }
};

struct Bf16 {
  using Raw = uint16_t;
  static constexpr Stored kStored = Stored::kBf16;
  static constexpr int kBits = 16;
  EDEN_HD static uint32_t widen(uint32_t raw) { return float_bits_from_bfloat(raw); }
  EDEN_HD static uint32_t narrow(uint32_t bits) { return bfloat_from_float_bits(bits); }
};

// A float element held as a float of another width: bits of `Store` in DRAM.
template <class Element, class Store>
struct FloatCodec {
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
  static constexpr float kTop = static_cast<float>((1 << (bits - 1)) - 1);

  EDEN_HD static uint32_t encode(uint32_t raw, float scale) {
    float v = float_from_bits(Element::widen(raw)) / scale;
    v = v == v ? v : 0.0f;
    v = v < -kTop ? -kTop : v;
    v = v > kTop ? kTop : v;
    // 1.5 * 2^23 leaves no fraction bits: the addition rounds half to even.
    constexpr float kMagic = 12582912.0f;
    const int32_t code = static_cast<int32_t>((v + kMagic) - kMagic);
    return static_cast<uint32_t>(code) & ((1u << bits) - 1);
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

// The value a load returns for a decoded one; `corrected` says whether it was implausible.
template <class Element>
EDEN_HD inline uint32_t correct(uint32_t raw, Correction correction, Bounds bounds,
                                bool* corrected) {
  const float value = float_from_bits(Element::widen(raw));
  const bool plausible = value >= bounds.lo && value <= bounds.hi;
  *corrected = !plausible;
  if (plausible) return raw;
  if (correction == Correction::kZero || value != value) return 0;
  return Element::narrow(bits_from_float(value < bounds.lo ? bounds.lo : bounds.hi));
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
