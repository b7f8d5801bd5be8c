#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/formats/formats.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

// Value of a small float, from the definition of its fields.
double value_of(uint32_t raw, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(raw >> fraction_bits) & ((1 << exponent_bits) - 1);
  const double fraction = raw & ((1u << fraction_bits) - 1);
  const double sign = (raw >> 15) != 0 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1) {
    return fraction == 0 ? sign * INFINITY : std::numeric_limits<double>::quiet_NaN();
  }
  const double significand = exponent == 0 ? fraction : fraction + (1 << fraction_bits);
  return sign * std::ldexp(significand, (exponent == 0 ? 1 : exponent) - bias - fraction_bits);
}

// All 65536 values there and back, and the ties between neighbours.
template <class Element>
void check_small_float(int exponent_bits, int fraction_bits, uint32_t canonical) {
  for (uint32_t raw = 0; raw < 65536; ++raw) {
    const double value = value_of(raw, exponent_bits, fraction_bits);
    const float wide = float_from_bits(Element::widen(raw));
    const uint32_t sign = raw & 0x8000u;
    if (std::isnan(value)) {
      REQUIRE(Element::widen(raw) == (0x7FC00000u | (sign << 16)));
      REQUIRE(Element::narrow(Element::widen(raw)) == (canonical | sign));
      continue;
    }
    REQUIRE(static_cast<double>(wide) == value);
    REQUIRE(std::signbit(wide) == (sign != 0));
    REQUIRE(Element::narrow(Element::widen(raw)) == raw);
    if (std::isinf(value)) continue;
    // The next value of larger magnitude, for which infinity stands at 2^(top exponent + 1).
    double next = value_of(raw + 1, exponent_bits, fraction_bits);
    if (std::isinf(next)) next = std::copysign(std::ldexp(1.0, 1 << (exponent_bits - 1)), value);
    const double middle = (value + next) / 2;
    if (std::abs(middle) > std::numeric_limits<float>::max()) continue;
    const float tie = static_cast<float>(middle);
    if (static_cast<double>(tie) != middle) continue;  // below the least subnormal float
    REQUIRE(Element::narrow(bits_from_float(tie)) == ((raw & 1) != 0 ? raw + 1 : raw));
    REQUIRE(Element::narrow(bits_from_float(std::nextafter(tie, 0.0f))) == raw);
    const float above = std::nextafter(tie, std::copysign(INFINITY, tie));
    if (std::isfinite(above)) REQUIRE(Element::narrow(bits_from_float(above)) == raw + 1);
  }
}

template <int bits>
void check_integer() {
  using Codec = IntCodec<Fp32, bits>;
  const int top = (1 << (bits - 1)) - 1;
  const float scale = GENERATE(1.0f, 0.0078125f, 0.1f, 0x1p-126f, 3.7f);
  const auto encode = [&](float value) {
    const uint32_t code = Codec::encode(bits_from_float(value), scale);
    return static_cast<int32_t>(code << (32 - bits)) >> (32 - bits);
  };
  for (int code = -top - 1; code <= top; ++code) {
    const uint32_t stored = static_cast<uint32_t>(code) & ((1u << bits) - 1);
    const float value = float_from_bits(Codec::decode(stored, scale));
    REQUIRE(value == static_cast<float>(code) * scale);
    // Of the codes, only -2^(bits - 1) is never written.
    REQUIRE(encode(value) == (code < -top ? -top : code));
  }
  CHECK(encode(INFINITY) == top);
  CHECK(encode(-INFINITY) == -top);
  CHECK(encode(NAN) == 0);
  CHECK(encode(-0.0f) == 0);
}

}  // namespace

TEST_CASE("every half converts there and back, ties to even", "[formats]") {
  check_small_float<Fp16>(5, 10, 0x7E00u);
}

TEST_CASE("every bfloat16 converts there and back, ties to even", "[formats]") {
  check_small_float<Bf16>(8, 7, 0x7FC0u);
}

TEST_CASE("every integer code converts there and back", "[formats]") {
  SECTION("int4") { check_integer<4>(); }
  SECTION("int8") { check_integer<8>(); }
  SECTION("int16") { check_integer<16>(); }
}

TEST_CASE("integers round half to even", "[formats]") {
  using Codec = IntCodec<Fp32, 8>;
  const auto code = [](float value) {
    return static_cast<int8_t>(Codec::encode(bits_from_float(value), 1.0f));
  };
  CHECK(code(0.5f) == 0);
  CHECK(code(1.5f) == 2);
  CHECK(code(2.5f) == 2);
  CHECK(code(-0.5f) == 0);
  CHECK(code(-1.5f) == -2);
  CHECK(code(std::nextafter(2.5f, 3.0f)) == 3);
  CHECK(code(127.5f) == 127);
  CHECK(code(-1000.0f) == -127);
}

TEST_CASE("bounds are rounded inward to the element type", "[formats]") {
  const auto half = [](float value) {
    return float_from_bits(Fp16::widen(Fp16::narrow(bits_from_float(value))));
  };
  const float limit = GENERATE(0.1f, 0.3f, 1.0f, 1e-9f, 1e-5f, 65519.0f, 65520.0f, 1e30f, INFINITY);
  const Bounds bounds = round_inward<Fp16>({-limit, limit});
  CHECK(bounds.hi <= limit);
  CHECK(bounds.lo == -bounds.hi);
  CHECK(half(bounds.hi) == bounds.hi);
  // The next half lies outside.
  const uint32_t raw = Fp16::narrow(bits_from_float(bounds.hi));
  if (raw < 0x7C00u) CHECK(float_from_bits(Fp16::widen(raw + 1)) > limit);
  const Bounds inner = round_inward<Fp16>({limit, INFINITY});
  CHECK(inner.lo >= limit);
}
