#pragma once

#include <cstdint>

#include "kernels/access/params.h"
#include "kernels/protection/embedded.h"

// The bytes of a tensor as they lie in DRAM: its image, for protections, which work on them.
// `inject` needs no image, and what it writes and reads is this. A group of 8 elements takes as
// many bytes as an element has bits, wherever they lie.

namespace eden {

struct ImageParams {
  // The elements, read from `input` or written to `output`, and how they are coded; which cells are
  // weak is not read.
  InjectParams coding;
  uint8_t* image;  // [copies, image_bytes]
  int embedded;    // top bits of which an element holds copies (embedded.h), or 0
  // Bit j of all elements lies before bit j + 1 of them, eight a byte, so that planes can lie
  // apart; else an element lies after the other as `inject` has them.
  bool planes;

  EDEN_HD int64_t groups() const { return (coding.elements + 7) / 8; }  // of one copy
};

// Bytes of one copy.
EDEN_HD inline int64_t image_bytes(int64_t elements, int bits, bool planes) {
  return planes ? (elements + 7) / 8 * bits : (elements * bits + 7) / 8;
}

// The scales of elements, asked in rising order from `first` on.
template <class Codec>
struct ImageScales {
  const float* scales;
  int64_t per_scale, channel, next;

  EDEN_HD ImageScales(const ImageParams& p, int64_t first)
      : scales(p.coding.scales),
        per_scale(p.coding.scale_count > 1 ? p.coding.elements / p.coding.scale_count
                                           : p.coding.elements),
        channel(p.coding.scale_count > 1 ? first / per_scale : 0),
        next((channel + 1) * per_scale) {}

  EDEN_HD float of(int64_t i) {
    if constexpr (Codec::kInteger) {
      for (; i >= next; next += per_scale) ++channel;
      return scales[channel];
    } else {
      return 1.0f;
    }
  }
};

// Writes group g of the groups of all copies.
template <class Element, class Codec>
EDEN_HD inline void encode_group(const ImageParams& p, int64_t g) {
  constexpr int kBits = Codec::kBits;
  const int64_t elements = p.coding.elements;
  const int64_t copy = g / p.groups(), group = g % p.groups();
  const auto* input = static_cast<const typename Element::Raw*>(p.coding.input) + copy * elements;
  ImageScales<Codec> scales(p, 8 * group);
  uint32_t code[8];
  for (int j = 0; j < 8; ++j) {
    const int64_t i = 8 * group + j;
    code[j] = 0;
    if (i >= elements) continue;
    const float scale = scales.of(i);
    code[j] = p.embedded == 0
                  ? Codec::encode(input[i], scale)
                  : with_copies<Codec>(coarse_code<Element, Codec>(input[i], scale, p.embedded),
                                       p.embedded);
  }
  const int64_t size = image_bytes(elements, kBits, p.planes);
  uint8_t* image = p.image + copy * size;
  for (int b = 0; b < kBits; ++b) {
    uint32_t byte = 0;
    if (p.planes) {
      for (int j = 0; j < 8; ++j) byte |= ((code[j] >> b) & 1) << j;
      image[b * p.groups() + group] = static_cast<uint8_t>(byte);
    } else if (group * kBits + b < size) {
      if constexpr (kBits == 4) {
        byte = code[2 * b] | code[2 * b + 1] << 4;
      } else {
        byte = code[8 * b / kBits] >> (8 * b % kBits);
      }
      image[group * kBits + b] = static_cast<uint8_t>(byte);
    }
  }
}

template <class Codec>
EDEN_HD inline uint32_t code_at(const ImageParams& p, const uint8_t* image, int64_t i) {
  constexpr int kBits = Codec::kBits;
  uint32_t code = 0;
  if (p.planes) {
    for (int b = 0; b < kBits; ++b) {
      code |= ((uint32_t{image[b * p.groups() + i / 8]} >> (i % 8)) & 1) << b;
    }
  } else if constexpr (kBits == 4) {
    code = (uint32_t{image[i / 2]} >> (4 * (i % 2))) & 15;
  } else {
    for (int b = 0; b < kBits / 8; ++b) code |= uint32_t{image[i * (kBits / 8) + b]} << (8 * b);
  }
  return p.embedded == 0 ? code : by_majority<Codec>(code, p.embedded);
}

// Reads 8 elements, group g of those of all copies together, which share a byte of the marks.
template <class Element, class Codec>
EDEN_HD inline void decode_group(const ImageParams& p, Bounds bounds, int64_t g) {
  const int64_t elements = p.coding.elements, all = elements * p.coding.copies;
  const int64_t size = image_bytes(elements, Codec::kBits, p.planes);
  auto* output = static_cast<typename Element::Raw*>(p.coding.output);
  uint32_t marks = 0;
  int64_t copy = 8 * g / elements, i = 8 * g % elements;
  ImageScales<Codec> scales(p, i);
  for (int j = 0; j < 8 && 8 * g + j < all; ++j, ++i) {
    if (i == elements) {
      ++copy;
      i = 0;
      scales = ImageScales<Codec>(p, i);
    }
    const float scale = scales.of(i);
    uint32_t raw = Codec::decode(code_at<Codec>(p, p.image + copy * size, i), scale);
    bool corrected = false;
    if (p.coding.correction != Correction::kOff) {
      raw = correct<Element, Codec>(raw, p.coding.correction, bounds, scale, &corrected);
    }
    output[8 * g + j] = static_cast<typename Element::Raw>(raw);
    marks |= static_cast<uint32_t>(corrected) << j;
  }
  if (p.coding.corrected != nullptr) p.coding.corrected[g] = static_cast<uint8_t>(marks);
}

// Bounds as values of the element type.
template <class Element>
EDEN_HD inline Bounds image_bounds(const ImageParams& p) {
  if (p.coding.bounds == nullptr) return {0.0f, 0.0f};
  return round_inward<Element>({p.coding.bounds[0], p.coding.bounds[1]});
}

}  // namespace eden
