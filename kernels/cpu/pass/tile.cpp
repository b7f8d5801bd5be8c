#include "kernels/cpu/pass/tile.h"

#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/cpu/processor/vector_loop.h"
#include "kernels/formats/dispatch.h"
#include "kernels/protection/embedded.h"

namespace eden {
namespace {

template <class Codec>
[[gnu::always_inline]] inline float scale_at(const float* scales, int64_t i) {
  if constexpr (Codec::kInteger) return scales[i];
  return 1.0f;
}

template <class Element, class Codec>
struct Fail {
  [[gnu::always_inline]] static void run(const Tile& tile) {
    using Raw = typename Element::Raw;
    const Raw* __restrict input = static_cast<const Raw*>(tile.input);
    Raw* __restrict output = static_cast<Raw*>(tile.output);
    const float* __restrict scales = tile.scales;
    const uint8_t* __restrict flips = tile.flips;
    const int64_t n = tile.n;
    uint8_t nibbles[Codec::kBits == 4 ? kTile : 1];
    if constexpr (Codec::kBits == 4) {
      for (int64_t i = 0; i < (n + 1) / 2; ++i) {
        nibbles[2 * i] = flips[i] & 15;
        nibbles[2 * i + 1] = flips[i] >> 4;
      }
      flips = nibbles;
    }
    for (int64_t i = 0; i < n; ++i) {
      const float scale = scale_at<Codec>(scales, i);
      Code<Codec::kBits> flip;
      std::memcpy(&flip, flips + i * static_cast<int64_t>(sizeof flip), sizeof flip);
      output[i] = static_cast<Raw>(Codec::decode(Codec::encode(input[i], scale) ^ flip, scale));
    }
  }
};

template <class Element, bool kSaturate>
struct Correct {
  [[gnu::always_inline]] static bool run(const Tile& tile) {
    using Raw = typename Element::Raw;
    using Key = std::make_signed_t<Raw>;
    const Raw* __restrict input = static_cast<const Raw*>(tile.input);
    Raw* __restrict output = static_cast<Raw*>(tile.output);
    uint8_t* __restrict implausible = tile.implausible;
    const Key lowest = static_cast<Key>(tile.limits.lowest);
    const Key highest = static_cast<Key>(tile.limits.highest);
    const Raw below = static_cast<Raw>(tile.limits.below);
    const Raw above = static_cast<Raw>(tile.limits.above);
    const int64_t n = tile.n;
    uint8_t any = 0;
    for (int64_t i = 0; i < n; ++i) {
      const Raw raw = input[i];
      const Key key = order_key(static_cast<Key>(raw));
      const bool plausible = (key >= lowest) & (key <= highest);
      Raw instead = 0;
      if constexpr (kSaturate) {
        const Raw magnitude = static_cast<Raw>(raw & std::numeric_limits<Key>::max());
        instead = key < lowest ? below : above;
        instead = magnitude > Element::kInfinity ? Raw{0} : instead;
      }
      output[i] = plausible ? raw : instead;
      implausible[i] = !plausible;
      any |= static_cast<uint8_t>(!plausible);
    }
    return any != 0;
  }
};

template <class Element, class Codec>
void saturate(const Tile& tile) {
  using Raw = typename Element::Raw;
  const Raw* input = static_cast<const Raw*>(tile.input);
  Raw* output = static_cast<Raw*>(tile.output);
  const Bounds bounds = tile.limits.bounds;
  for (int64_t i = 0; i < tile.n; ++i) {
    if (tile.implausible[i] == 0) continue;
    const bool below = float_from_bits(Element::widen(input[i])) < bounds.lo;
    output[i] = static_cast<Raw>(saturated<Element, Codec>(below, bounds, tile.scales[i]));
  }
}

// How a pass makes codes: as they are written, of values that a load returned, or with copies of
// their top bits.
enum class Encoding { kPlain, kLoaded, kEmbedded };

template <class Element, class Codec, Encoding kEncoding>
[[gnu::always_inline]] inline uint32_t code_of(typename Element::Raw raw, float scale, int k) {
  if constexpr (kEncoding == Encoding::kLoaded) {
    return code_of_loaded<Element, Codec>(raw, scale);
  } else if constexpr (kEncoding == Encoding::kEmbedded) {
    return with_copies<Codec>(coarse_code<Element, Codec>(raw, scale, k), k);
  } else {
    return Codec::encode(raw, scale);
  }
}

template <class Element, class Codec, Encoding kEncoding>
struct Encode {
  [[gnu::always_inline]] static void run(const Tile& tile) {
    using Raw = typename Element::Raw;
    const Raw* __restrict input = static_cast<const Raw*>(tile.input);
    const float* __restrict scales = tile.scales;
    uint8_t* __restrict codes = tile.codes;
    const int64_t n = tile.n;
    const int k = tile.embedded;
    uint8_t nibbles[Codec::kBits == 4 ? kTile : 1];
    uint8_t* __restrict wide = Codec::kBits == 4 ? nibbles : codes;
    for (int64_t i = 0; i < n; ++i) {
      const float scale = scale_at<Codec>(scales, i);
      const uint32_t stored = code_of<Element, Codec, kEncoding>(input[i], scale, k);
      const auto code = static_cast<Code<Codec::kBits>>(stored);
      std::memcpy(wide + i * static_cast<int64_t>(sizeof code), &code, sizeof code);
    }
    if constexpr (Codec::kBits == 4) {
      if (n % 2 != 0) nibbles[n] = 0;
      for (int64_t i = 0; i < (n + 1) / 2; ++i) {
        codes[i] = static_cast<uint8_t>(nibbles[2 * i] | nibbles[2 * i + 1] << 4);
      }
    }
  }
};

template <class Codec>
struct Majority {
  [[gnu::always_inline]] static void run(const Tile& tile) {
    uint8_t* codes = tile.codes;
    const int64_t n = Codec::kBits == 4 ? (tile.n + 1) / 2 : tile.n;
    const int k = tile.embedded;
    for (int64_t i = 0; i < n; ++i) {
      Code<Codec::kBits> code;
      std::memcpy(&code, codes + i * static_cast<int64_t>(sizeof code), sizeof code);
      uint32_t meant = by_majority<Codec>(Codec::kBits == 4 ? code & 15u : code, k);
      if constexpr (Codec::kBits == 4) meant |= by_majority<Codec>(uint32_t{code} >> 4, k) << 4;
      code = static_cast<Code<Codec::kBits>>(meant);
      std::memcpy(codes + i * static_cast<int64_t>(sizeof code), &code, sizeof code);
    }
  }
};

template <class Element, class Codec>
Limits limits(Correction correction, Bounds bounds, float scale) {
  using Key = std::make_signed_t<typename Element::Raw>;
  const auto bits = [](float value) { return Element::narrow(bits_from_float(value)); };
  Limits limits;
  // Zeros are equal, whatever their signs.
  limits.lowest = order_key(static_cast<Key>(bits(bounds.lo == 0 ? -0.0f : bounds.lo)));
  limits.highest = order_key(static_cast<Key>(bits(bounds.hi == 0 ? 0.0f : bounds.hi)));
  if (correction == Correction::kSaturate) {
    limits.below = saturated<Element, Codec>(true, bounds, scale);
    limits.above = saturated<Element, Codec>(false, bounds, scale);
  }
  limits.bounds = bounds;
  return limits;
}

}  // namespace

TilePasses tile_passes(Isa isa, ElementType element, Stored stored, Correction correction) {
  return dispatch(element, stored, [&](auto type, auto codec) {
    using Element = decltype(type);
    using Codec = decltype(codec);
    TilePasses passes{};
    passes.fail = loop_for<Fail<Element, Codec>, const Tile&>(isa);
    passes.encode = loop_for<Encode<Element, Codec, Encoding::kPlain>, const Tile&>(isa);
    passes.encode_loaded = passes.encode;
    if constexpr (Codec::kInteger) {
      passes.encode_loaded = loop_for<Encode<Element, Codec, Encoding::kLoaded>, const Tile&>(isa);
    }
    if constexpr (!std::is_same_v<Element, RawElement<typename Element::Raw>>) {
      passes.encode_embedded =
          loop_for<Encode<Element, Codec, Encoding::kEmbedded>, const Tile&>(isa);
      passes.majority = loop_for<Majority<Codec>, const Tile&>(isa);
      if (correction == Correction::kZero) {
        passes.correct = loop_for<Correct<Element, false>, const Tile&>(isa);
      } else if (correction == Correction::kSaturate) {
        passes.correct = loop_for<Correct<Element, true>, const Tile&>(isa);
        if constexpr (Codec::kInteger) passes.saturate = saturate<Element, Codec>;
      }
    }
    return passes;
  });
}

Limits limits_of(ElementType element, Stored stored, Correction correction, Bounds bounds,
                 float scale) {
  return dispatch(element, stored, [&](auto type, auto codec) {
    return limits<decltype(type), decltype(codec)>(correction, bounds, scale);
  });
}

}  // namespace eden
