#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/cpu/count_flips.h"
#include "kernels/cpu/keep_plausible.h"
#include "kernels/cpu/weight_range.h"
#include "kernels/formats/dispatch.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

Isa any_isa() {
  const auto set = GENERATE(Isa::kPortable, Isa::kAvx2, Isa::kAvx512);
  return set > isa() ? Isa::kPortable : set;  // not on this processor
}

}  // namespace

TEST_CASE("count_flips counts by bit and direction", "[measure]") {
  const std::vector<uint8_t> before{0b0000'1111, 0b1111'0000};
  const std::vector<uint8_t> after{0b0000'1110, 0b1111'0001};
  std::vector<int64_t> counts(16);
  count_flips_cpu(before.data(), after.data(), ElementType::kRaw8, Stored::kInt8, 1.0f, 2,
                  counts.data());
  CHECK(counts[0] == 1);
  CHECK(counts[1] == 1);
  CHECK(std::accumulate(counts.begin(), counts.end(), int64_t{0}) == 2);
  // A loaded -128 is the code that no encoder writes: one flip, of the sign, away from 0.
  const std::vector<float> zero{0.0f}, lowest{-128.0f * 0.3f};
  std::fill(counts.begin(), counts.end(), 0);
  count_flips_cpu(zero.data(), lowest.data(), ElementType::kFp32, Stored::kInt8, 0.3f, 1,
                  counts.data());
  CHECK(counts[14] == 1);
  CHECK(std::accumulate(counts.begin(), counts.end(), int64_t{0}) == 1);
}

TEST_CASE("the range of a tensor", "[measure]") {
  const Isa set = any_isa();
  const float top = std::numeric_limits<float>::max();
  const std::vector<float> x{-3.0f, 2.0f, -INFINITY, 5.0f, INFINITY, NAN, -NAN};
  const auto check = [&](size_t begin, size_t end, float lowest, float highest, float greatest) {
    const auto n = static_cast<int64_t>(end - begin);
    const Range range = range_cpu(x.data() + begin, ElementType::kFp32, n, set);
    CHECK(range.lowest == lowest);
    CHECK(range.highest == highest);
    CHECK(range.greatest == greatest);
  };
  check(0, 2, -3.0f, 2.0f, 3.0f);
  check(0, 4, -top, 5.0f, 5.0f);
  check(0, 5, -top, top, 5.0f);
  check(4, 5, top, top, 0.0f);
  check(0, 6, -INFINITY, INFINITY, 5.0f);
  check(6, 7, -INFINITY, INFINITY, 0.0f);
  check(0, 0, INFINITY, -INFINITY, 0.0f);
  // Halves: 1, -infinity, the least subnormal below zero.
  const std::vector<uint16_t> halves{0x3C00, 0xFC00, 0x8001};
  CHECK(range_cpu(halves.data(), ElementType::kFp16, 2, set).lowest == -65504.0f);
  // Long enough for whole vectors and a rest, the extremes anywhere.
  std::vector<float> many(1003, 1.0f);
  for (const size_t at : {size_t{0}, size_t{517}, size_t{1002}}) {
    many[at] = -7.0f - static_cast<float>(at);
    many[1002 - at] = 8.0f;
    const Range range = range_cpu(many.data(), ElementType::kFp32, 1003, set);
    CHECK(range.lowest == *std::min_element(many.begin(), many.end()));
    CHECK(range.highest == *std::max_element(many.begin(), many.end()));
    CHECK(range.greatest == std::max(-range.lowest, range.highest));
  }
  CHECK(range_cpu(halves.data() + 2, ElementType::kFp16, 1, set).highest == -0x1p-24f);
}

TEST_CASE("channels have steps of their own, and the widest bounds", "[measure]") {
  const Isa set = any_isa();
  // Codes 127 and -64 of steps of 1, -127 and 64 of 0.5, and of no step. Half a step beyond them
  // lie -64.5 and 127.5, -63.75 and 32.25.
  const std::vector<float> x{127.0f, -64.0f, -63.5f, 32.0f, 0.0f, -0.0f};
  float steps[3];
  Bounds bounds;
  channel_range_cpu(x.data(), ElementType::kFp32, 3, 2, Stored::kInt8, &bounds, steps, set);
  CHECK((steps[0] == 1.0f && steps[1] == 0.5f && steps[2] == 1.0f));
  CHECK((bounds.lo == -64.5f && bounds.hi == 127.5f));
  // A channel of zeros, whose step is 1, adds no half step: small weights keep their bounds.
  const std::vector<float> small{0.25f, 0.125f, -0.0f, 0.0f};
  channel_range_cpu(small.data(), ElementType::kFp32, 2, 2, Stored::kInt4, &bounds, steps, set);
  CHECK((bounds.lo == 0.0f && bounds.hi == 7.5f * (0.25f / 7.0f)));
  CHECK((steps[0] == 0.25f / 7.0f && steps[1] == 1.0f));
  // A NaN opens the bounds of all.
  const std::vector<float> odd{1.0f, NAN};
  channel_range_cpu(odd.data(), ElementType::kFp32, 2, 1, Stored::kInt8, &bounds, steps, set);
  CHECK((bounds.lo == -INFINITY && bounds.hi == INFINITY));
  CHECK((steps[0] == 1.0f / 127.0f && steps[1] == 1.0f));
}

TEST_CASE("flips are counted the same by flip, by element and in every instruction set",
          "[measure]") {
  const Isa set = any_isa();
  const auto stored = GENERATE(Stored::kFp32, Stored::kFp16, Stored::kBf16, Stored::kInt16,
                               Stored::kInt8, Stored::kInt4);
  const auto rarity = GENERATE(0, 1, 9);  // tiles with many flips and tiles with few
  std::mt19937 random(2);
  std::vector<uint32_t> x(5003), y;
  for (uint32_t& bits : x) bits = 0x3F000000u | (random() & 0x807FFFFFu);
  y = x;
  for (uint32_t& bits : y) {
    uint32_t flips = random();
    for (int i = 0; i < rarity; ++i) flips &= random();
    bits ^= flips;
  }
  const float scale = 0.01f;
  const auto n = static_cast<int64_t>(x.size());
  std::vector<int64_t> counts(64, 5), expected(64, 5);
  count_flips_cpu(x.data(), y.data(), ElementType::kFp32, stored, scale, n, counts.data(), set);
  dispatch_stored<Fp32>(stored, [&](auto, auto codec) {
    using Codec = decltype(codec);
    for (size_t i = 0; i < x.size(); ++i) {
      const uint32_t before = Codec::encode(x[i], scale);
      const uint32_t after = code_of_loaded<Fp32, Codec>(y[i], scale);
      for (size_t bit = 0; bit < Codec::kBits; ++bit) {
        const size_t falls = (before >> bit) & 1;
        expected[2 * bit + falls] += ((before ^ after) >> bit) & 1;
      }
    }
  });
  CHECK(counts == expected);
}

TEST_CASE("implausible values get no gradient", "[measure]") {
  const Isa set = any_isa();
  std::mt19937 random(3);
  const auto n = GENERATE(size_t{1}, size_t{63}, size_t{64}, size_t{200}, size_t{1027});
  std::vector<uint8_t> corrected((n + 7) / 8);
  for (uint8_t& byte : corrected) byte = static_cast<uint8_t>(random() & random());
  const auto marked = [&](size_t i) { return ((corrected[i / 8] >> (i % 8)) & 1) != 0; };
  std::vector<float> grad(n), out(n + 1, 7.0f);
  std::vector<uint16_t> half(n), half_out(n + 1, 7);
  for (size_t i = 0; i < n; ++i) {
    grad[i] = static_cast<float>(random());
    half[i] = static_cast<uint16_t>(random() | 1);
  }
  const auto count = static_cast<int64_t>(n);
  keep_plausible_cpu(grad.data(), corrected.data(), out.data(), ElementType::kFp32, 0, count, set);
  keep_plausible_cpu(half.data(), corrected.data(), half_out.data(), ElementType::kBf16, 0, count,
                     set);
  for (size_t i = 0; i < n; ++i) {
    REQUIRE(out[i] == (marked(i) ? 0.0f : grad[i]));
    REQUIRE(half_out[i] == (marked(i) ? 0 : half[i]));
  }
  CHECK(out[n] == 7.0f);
  CHECK(half_out[n] == 7);
}
