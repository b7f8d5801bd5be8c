#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/cpu/processor/isa.h"
#include "kernels/formats/formats.h"

namespace eden {

// Elements that go through one pass together: what it reads and writes stays in the L1 cache.
constexpr int64_t kTile = 512;

// What holds one code, or two of 4 bits.
template <int bits>
using Code =
    std::conditional_t<bits == 32, uint32_t, std::conditional_t<bits == 16, uint16_t, uint8_t>>;

// The plausible values of an element type, by the keys of `order_key`, and what others become.
struct Limits {
  int32_t lowest = 0, highest = 0;
  uint32_t below = 0, above = 0;  // bits of an element
  Bounds bounds{};
};

// n <= kTile neighbouring elements of one copy, and what lies beside them.
struct Tile {
  const void* input;     // [n]
  void* output;          // [n] other memory than the input
  const uint8_t* flips;  // failing bits, packed as they lie in memory
  const float* scales;   // [n], for integer formats
  uint8_t* implausible;  // [n] 0 or 1
  uint8_t* codes;        // packed as they lie in memory
  Limits limits;
  int64_t n;
  int embedded;  // top bits of which an element holds copies (kernels/protection/embedded.h)
};

// What can be done to a tile of one element type and stored format.
struct TilePasses {
  // Encode, flip, decode: input, flips, scales -> output.
  void (*fail)(const Tile&);
  // input, limits -> output, implausible. Returns whether any value was. Null without correction.
  bool (*correct)(const Tile&);
  // Afterwards, where that depends on the scale and those differ: input, scales, limits,
  // implausible -> output of the implausible ones. Null without saturation to codes.
  void (*saturate)(const Tile&);
  // What the memory holds: input, scales -> codes.
  void (*encode)(const Tile&);
  // The same with copies of top bits within the elements, and the codes that such words stand for,
  // n <= kTile of them in place. Null for integer elements on their own bits.
  void (*encode_embedded)(const Tile&);
  void (*majority)(const Tile&);
  // What the memory holds for values that a load returned, which faults may have made.
  void (*encode_loaded)(const Tile&);
};

// The passes in an instruction set that this processor has. All give the same bits.
TilePasses tile_passes(Isa isa, ElementType element, Stored stored, Correction correction);

// `bounds` as a floating-point element type can represent them; `scale` if there is but one.
Limits limits_of(ElementType element, Stored stored, Correction correction, Bounds bounds,
                 float scale);

}  // namespace eden
