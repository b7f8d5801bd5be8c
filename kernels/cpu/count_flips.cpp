#include "kernels/cpu/count_flips.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/pass/tile.h"
#include "kernels/cpu/processor/float_mode.h"
#include "kernels/cpu/processor/vector_loop.h"
#include "kernels/formats/dispatch.h"

namespace eden {
namespace {

constexpr int64_t kTileBytes = 4 * kTile;

// Adds to counts[2 * bit + old] the flips of one tile between packed codes, which end in zeros.
// Each returns how many there were. The first costs by the flip, the second by the element.

template <int bits>
int64_t count_few(const uint8_t* before, const uint8_t* after, int64_t bytes, int64_t* counts) {
  int64_t found = 0;
  for (int64_t i = 0; i < bytes; i += 8) {
    uint64_t old_codes, new_codes;
    std::memcpy(&old_codes, before + i, 8);
    std::memcpy(&new_codes, after + i, 8);
    for (uint64_t flips = old_codes ^ new_codes; flips != 0; flips &= flips - 1) {
      const int bit = __builtin_ctzll(flips);
      ++counts[2 * (bit % bits) + static_cast<int>((old_codes >> bit) & 1)];
      ++found;
    }
  }
  return found;
}

template <int bits>
struct CountMany {
  using Word = Code<bits>;

  [[gnu::always_inline]] static int64_t run(const uint8_t* before, const uint8_t* after,
                                            int64_t bytes, int64_t* counts) {
    constexpr int64_t kWords = 128;  // fewer than a Word can count
    int64_t found = 0;
    for (int64_t i = 0; i < bytes; i += kWords * static_cast<int64_t>(sizeof(Word))) {
      Word old_codes[kWords], flips[kWords];
      std::memcpy(old_codes, before + i, sizeof old_codes);
      std::memcpy(flips, after + i, sizeof flips);
      for (int64_t j = 0; j < kWords; ++j) flips[j] ^= old_codes[j];
      for (int bit = 0; bit < static_cast<int>(8 * sizeof(Word)); ++bit) {
        Word all = 0, falling = 0;
        for (int64_t j = 0; j < kWords; ++j) {
          const Word flip = static_cast<Word>((flips[j] >> bit) & 1);
          all = static_cast<Word>(all + flip);
          falling = static_cast<Word>(falling + (flip & (old_codes[j] >> bit)));
        }
        counts[2 * (bit % bits)] += all - falling;
        counts[2 * (bit % bits) + 1] += falling;
        found += all;
      }
    }
    return found;
  }
};

}  // namespace

void count_flips_cpu(const void* x, const void* y, ElementType element, Stored stored, float scale,
                     int64_t n, int64_t* counts, Isa isa) {
  const FloatMode float_mode;
  const TilePasses passes = tile_passes(isa, element, stored, Correction::kOff);
  alignas(64) float scales[kTile];
  std::fill_n(scales, kTile, scale);
  dispatch(element, stored, [&](auto type, auto codec) {
    using Raw = typename decltype(type)::Raw;
    constexpr int kBits = decltype(codec)::kBits;
    const auto count_many =
        loop_for<CountMany<kBits>, const uint8_t*, const uint8_t*, int64_t, int64_t*>(isa);
    alignas(64) uint8_t before[kTileBytes] = {};
    alignas(64) uint8_t after[kTileBytes] = {};
    Tile tile{};
    tile.scales = scales;
    bool many = false;
    for (int64_t first = 0; first < n; first += kTile) {
      tile.n = std::min(kTile, n - first);
      if (tile.n < kTile) {
        std::fill_n(before, kTileBytes, uint8_t{0});
        std::fill_n(after, kTileBytes, uint8_t{0});
      }
      tile.input = static_cast<const Raw*>(x) + first;
      tile.codes = before;
      passes.encode(tile);
      tile.input = static_cast<const Raw*>(y) + first;
      tile.codes = after;
      passes.encode_loaded(tile);
      constexpr int64_t kBytes = kTile * kBits / 8;
      const int64_t found = many ? count_many(before, after, kBytes, counts)
                                 : count_few<kBits>(before, after, kBytes, counts);
      many = found > kTile / 4;  // as the next tile will be
    }
  });
}

}  // namespace eden
