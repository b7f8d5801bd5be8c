#pragma once

#include <cstdint>

#include "kernels/formats/formats.h"

// Elements that hold copies of their own top bits.
//
// The top k bits of a code (of an integer; of a float those below the sign, which are the
// exponent's highest) stand three times: where they belong, and in the lowest 2k bits. A value is
// rounded to what the other bits can say, and the lowest 2k bits read as zeros, the top ones by
// majority.

namespace eden {

// The greatest k: an integer gives up its lowest four bits at most, a float keeps a fraction bit.
inline int most_embedded(Stored stored) {
  switch (stored) {
    case Stored::kFp32:
      return 8;
    case Stored::kFp16:
      return 4;
    case Stored::kBf16:
      return 3;
    case Stored::kInt4:
      return 1;
    default:
      return 2;
  }
}

// Lowest of the top k bits.
template <class Codec>
EDEN_HD constexpr int embedded_at(int k) {
  return Codec::kBits - k - (Codec::kInteger ? 0 : 1);
}

// The code nearest to a value among those whose lowest 2k bits are zeros: half to even, no further
// than the greatest finite one on either side; infinities of floats and NaN stay what they are.
template <class Element, class Codec>
EDEN_HD inline uint32_t coarse_code(uint32_t raw, float scale, int k) {
  const int dropped = 2 * k;
  if constexpr (Codec::kInteger) {
    // Rounded once, not to a code and then again: what a power of two makes smaller is exact,
    // unless it becomes zero anyway.
    const uint32_t ratio = bits_from_float(float_from_bits(Element::widen(raw)) / scale);
    const uint32_t magnitude = ratio & 0x7FFFFFFFu;
    const float step = float_from_bits(static_cast<uint32_t>(127 - dropped) << 23);
    const float steps = float_from_bits(choose(magnitude > 0x7F800000u, 0, magnitude)) * step;
    const auto top = static_cast<float>(static_cast<int32_t>(Codec::kTop >> dropped));
    const uint32_t clamped = bits_from_float(steps < top ? steps : top) | (ratio & 0x80000000u);
    // As in IntCodec.
    const uint32_t rounded = bits_from_float(float_from_bits(clamped) + 12582912.0f);
    return (rounded << dropped) & (2 * Codec::kTop + 1);
  } else {
    constexpr uint32_t kInfinity = Codec::Format::kInfinity;
    constexpr uint32_t kLowestExponentBit = kInfinity & (~kInfinity + 1);
    const uint32_t code = Codec::encode(raw, scale);
    const uint32_t sign = code >> (Codec::kBits - 1) << (Codec::kBits - 1);
    const uint32_t magnitude = code ^ sign;
    const uint32_t rounded = round_shift(magnitude, dropped) << dropped;
    const uint32_t most = (kInfinity - 1) >> dropped << dropped;
    const uint32_t finite = choose(rounded < most, rounded, most);
    const uint32_t special = choose(magnitude > kInfinity, kLowestExponentBit >> 1, 0) | kInfinity;
    return sign | choose(magnitude < kInfinity, finite, special);
  }
}

// A code of those above with copies of its top bits in its lowest ones.
template <class Codec>
EDEN_HD inline uint32_t with_copies(uint32_t code, int k) {
  const uint32_t top = (code >> embedded_at<Codec>(k)) & ((1u << k) - 1);
  return code | top | top << k;
}

// The code that a word with copies stands for, whatever failed.
template <class Codec>
EDEN_HD inline uint32_t by_majority(uint32_t word, int k) {
  const uint32_t ones = (1u << k) - 1;
  const int at = embedded_at<Codec>(k);
  const uint32_t a = (word >> at) & ones, b = word & ones, c = (word >> k) & ones;
  const uint32_t top = (a & b) | (a & c) | (b & c);
  return (word & ~(ones << at) & ~((1u << 2 * k) - 1)) | top << at;
}

}  // namespace eden
