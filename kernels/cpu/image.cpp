#include "kernels/cpu/image.h"

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/parts.h"
#include "kernels/cpu/pass/load.h"
#include "kernels/cpu/processor/float_mode.h"
#include "kernels/formats/dispatch.h"

namespace eden {
namespace {

// Elements whose codes are held at a time: they stay in the L1 cache.
constexpr int64_t kBlock = 4 * kTile;

// Whether elements lie as `inject` has them, so that its passes will do, and copies in whole bytes.
template <class Codec>
bool plain(const ImageParams& p) {
  return p.embedded == 0 && !p.planes && p.coding.elements * Codec::kBits % 8 == 0;
}

// Calls visit(load, begin, end, image) for parts of the elements [begin, end) of all copies: copies
// with one scale, or none, are read as one.
template <class Element, class Codec, class Visit>
void for_loads(const ImageParams& p, int64_t begin, int64_t end, Visit visit) {
  const InjectParams& coding = p.coding;
  const int64_t size = coding.scale_count > 1 ? coding.elements : coding.elements * coding.copies;
  for_parts(size, begin, end, [&](int64_t part, int64_t first, int64_t last) {
    const Load<Element, Codec> load(coding, part);
    visit(load, first, last, p.image + (part * size + first) * Codec::kBits / 8);
  });
}

template <class Element, class Codec>
void encode_plain(const ImageParams& p, int64_t begin, int64_t end) {
  for_loads<Element, Codec>(p, begin, end,
                            [](const auto& load, int64_t first, int64_t last, uint8_t* image) {
                              load.codes(first, last, image);
                            });
}

// `inject` fails the bits in which codes and image differ: code ^ (code ^ image) is the image's,
// whatever the input holds.
template <class Element, class Codec>
void decode_plain(const ImageParams& p, int64_t begin, int64_t end) {
  alignas(64) uint8_t flips[kBlock * Codec::kBits / 8];
  for_loads<Element, Codec>(
      p, begin, end, [&](const auto& load, int64_t first, int64_t last, const uint8_t* image) {
        for (int64_t i = first; i < last; i += kBlock) {
          const int64_t stop = std::min(last, i + kBlock);
          const int64_t bytes = (stop - i) * Codec::kBits / 8;
          load.codes(i, stop, flips);
          for (int64_t b = 0; b < bytes; ++b) flips[b] ^= image[b];
          load.read(i, stop, flips);
          image += bytes;
        }
      });
}

}  // namespace

void encode_image_cpu(const ImageParams& params, int64_t begin, int64_t end) {
  const FloatMode float_mode;
  dispatch_float(params.coding.element, params.coding.stored, [&](auto element, auto codec) {
    using Element = decltype(element);
    using Codec = decltype(codec);
    if (plain<Codec>(params)) {
      const auto first_of = [&](int64_t g) {
        const int64_t copy = g / params.groups(), group = g % params.groups();
        return copy * params.coding.elements + 8 * group;
      };
      encode_plain<Element, Codec>(params, first_of(begin), first_of(end));
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
    if (plain<Codec>(params)) {
      if (uint8_t* marks = params.coding.corrected) std::fill(marks + begin, marks + end, 0);
      const int64_t all = params.coding.elements * params.coding.copies;
      decode_plain<Element, Codec>(params, 8 * begin, std::min(8 * end, all));
      return;
    }
    const Bounds bounds = image_bounds<Element>(params);
    for (int64_t g = begin; g < end; ++g) decode_group<Element, Codec>(params, bounds, g);
  });
}

}  // namespace eden
