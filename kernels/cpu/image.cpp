#include "kernels/cpu/image.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/parts.h"
#include "kernels/cpu/pass/load.h"
#include "kernels/cpu/planes.h"
#include "kernels/cpu/processor/float_mode.h"
#include "kernels/formats/dispatch.h"

namespace eden {
namespace {

// Elements whose codes are held at a time: they stay in the L1 cache.
constexpr int64_t kBlock = 2 * kTile;

// Whether groups of 8 elements and the copies are whole bytes, so that passes over blocks will do.
template <class Codec>
bool whole(const ImageParams& p) {
  return p.coding.elements * (p.planes ? 1 : Codec::kBits) % 8 == 0;
}

// Calls visit(load, begin, end, image) for parts of the elements [begin, end) of all copies, and
// where the image of the part's first element begins: copies with one scale, or none, that lie
// element after element are read as one.
template <class Element, class Codec, class Visit>
void for_loads(const ImageParams& p, int64_t begin, int64_t end, Visit visit) {
  const InjectParams& coding = p.coding;
  const bool apart = p.planes || coding.scale_count > 1;
  const int64_t size = apart ? coding.elements : coding.elements * coding.copies;
  for_parts(size, begin, end, [&](int64_t part, int64_t first, int64_t last) {
    const Load<Element, Codec> load(coding, part);
    visit(load, first, last, p.image + part * size * Codec::kBits / 8);
  });
}

template <class Element, class Codec>
void encode_whole(const ImageParams& p, int64_t begin, int64_t end) {
  constexpr int kBits = Codec::kBits;
  alignas(64) uint8_t codes[kBlock * kBits / 8];
  for_loads<Element, Codec>(
      p, begin, end, [&](const auto& load, int64_t first, int64_t last, uint8_t* image) {
        if (!p.planes) return load.codes(first, last, image + first * kBits / 8, p.embedded);
        for (int64_t i = first; i < last; i += kBlock) {
          const int64_t stop = std::min(last, i + kBlock);
          load.codes(i, stop, codes, p.embedded);
          to_planes<kBits, kBlock>(codes, stop - i, image + i / 8, p.groups());
        }
      });
}

// `inject` fails the bits in which codes and image differ: code ^ (code ^ image) is the image's,
// whatever the input holds.
template <class Element, class Codec>
void decode_whole(const ImageParams& p, int64_t begin, int64_t end) {
  constexpr int kBits = Codec::kBits;
  alignas(64) uint8_t codes[kBlock * kBits / 8], flips[kBlock * kBits / 8];
  for_loads<Element, Codec>(
      p, begin, end, [&](const auto& load, int64_t first, int64_t last, const uint8_t* image) {
        for (int64_t i = first; i < last; i += kBlock) {
          const int64_t stop = std::min(last, i + kBlock), bytes = (stop - i) * kBits / 8;
          if (p.planes) {
            from_planes<kBits, kBlock>(image + i / 8, p.groups(), stop - i, codes);
          } else {
            std::memcpy(codes, image + i * kBits / 8, static_cast<size_t>(bytes));
          }
          if (p.embedded != 0) load.majority(codes, stop - i, p.embedded);
          load.codes(i, stop, flips);
          for (int64_t b = 0; b < bytes; ++b) flips[b] ^= codes[b];
          load.read(i, stop, flips);
        }
      });
}

}  // namespace

void encode_image_cpu(const ImageParams& params, int64_t begin, int64_t end) {
  const FloatMode float_mode;
  dispatch_float(params.coding.element, params.coding.stored, [&](auto element, auto codec) {
    using Element = decltype(element);
    using Codec = decltype(codec);
    if (whole<Codec>(params)) {
      const auto first_of = [&](int64_t g) {
        const int64_t copy = g / params.groups(), group = g % params.groups();
        return copy * params.coding.elements + 8 * group;
      };
      encode_whole<Element, Codec>(params, first_of(begin), first_of(end));
      return;
    }
    for (int64_t g = begin; g < end; ++g) encode_group<Element, Codec>(params, g);
  });
}

void decode_image_cpu(const ImageParams& params, int64_t begin, int64_t end) {
  const FloatMode float_mode;
  dispatch_float(params.coding.element, params.coding.stored, [&](auto element, auto codec) {
    using Element = decltype(element);
    using Codec = decltype(codec);
    if (whole<Codec>(params)) {
      if (uint8_t* marks = params.coding.corrected) std::fill(marks + begin, marks + end, 0);
      const int64_t all = params.coding.elements * params.coding.copies;
      decode_whole<Element, Codec>(params, 8 * begin, std::min(8 * end, all));
      return;
    }
    const Bounds bounds = image_bounds<Element>(params);
    for (int64_t g = begin; g < end; ++g) decode_group<Element, Codec>(params, bounds, g);
  });
}

}  // namespace eden
