#include <vector>

#include "kernels/cpu/image.h"
#include "kernels/formats/dispatch.h"
#include "kernels/protection/image.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

constexpr float kScale = 0.25f;

ImageParams params_of(const std::vector<float>& x, int64_t copies, Stored stored) {
  ImageParams p{};
  p.coding.input = x.data();
  p.coding.elements = static_cast<int64_t>(x.size()) / copies;
  p.coding.copies = copies;
  p.coding.element = ElementType::kFp32;
  p.coding.stored = stored;
  p.coding.scales = &kScale;
  p.coding.scale_count = 1;
  return p;
}

std::vector<uint8_t> image_of(ImageParams p) {
  const int bits = stored_bits(ElementType::kFp32, p.coding.stored);
  const int64_t size = image_bytes(p.coding.elements, bits, p.planes) * p.coding.copies;
  std::vector<uint8_t> image(static_cast<size_t>(size), 0xEE);
  p.image = image.data();
  encode_image_cpu(p, 0, p.groups() * p.coding.copies);
  return image;
}

}  // namespace

TEST_CASE("an int4 image has two elements a byte, the first one low, and planes eight") {
  // Codes 1, -1, 3; -2, 0, 7.
  const std::vector<float> x = {0.25f, -0.25f, 0.75f, -0.5f, 0.0f, 1.75f};
  ImageParams p = params_of(x, 2, Stored::kInt4);
  CHECK(image_of(p) == std::vector<uint8_t>{0xF1, 0x03, 0x0E, 0x07});
  p.planes = true;
  CHECK(image_of(p) ==
        std::vector<uint8_t>{0b111, 0b110, 0b010, 0b010, 0b100, 0b101, 0b101, 0b001});
}

TEST_CASE("values are rounded to the coarser grid once, half to even, and clamped") {
  const struct {
    float value;  // in steps
    int code;
  } cases[] = {{1.9f, 0},
               {2.0f, 0},
               {2.1f, 4},
               {6.0f, 8},
               {-6.0f, -8},
               {2.4f, 4},
               // The outermost code is 124, the greatest multiple of 4 that 127 can hold.
               {125.9f, 124},
               {127.0f, 124},
               {-500.0f, -124},
               {1e38f, 124}};
  for (const auto& [value, code] : cases) {
    const float x = value * kScale;
    const uint32_t got = coarse_code<Fp32, IntCodec<Fp32, 8>>(bits_from_float(x), kScale, 1);
    CHECK(static_cast<int8_t>(got) == code);
  }
  using Native = FloatCodec<Fp16, Fp16>;
  // 1 + 2^-9 is half way between 1 and 1 + 2^-8; the greatest finite half is 0x7BFF.
  CHECK(coarse_code<Fp16, Native>(0x3C02, 1.0f, 1) == 0x3C00);
  CHECK(coarse_code<Fp16, Native>(0x3C03, 1.0f, 1) == 0x3C04);
  CHECK(coarse_code<Fp16, Native>(0xFBFF, 1.0f, 1) == 0xFBFC);
  CHECK(coarse_code<Fp16, Native>(0x7C00, 1.0f, 1) == 0x7C00);
  CHECK(coarse_code<Fp16, Native>(0xFC01, 1.0f, 1) == 0xFE00);
}

TEST_CASE("any one of three copies of a top bit may be wrong") {
  const int k = GENERATE(1, 2);
  for (uint32_t code = 0; code < 256; code += 1u << (2 * k)) {
    const uint32_t word = with_copies<IntCodec<Fp32, 8>>(code, k);
    for (int bit = 0; bit < 8; ++bit) {
      const uint32_t read = by_majority<IntCodec<Fp32, 8>>(word ^ (1u << bit), k);
      const bool spared = bit < 2 * k || bit >= 8 - k;
      CHECK(read == (spared ? code : code ^ (1u << bit)));
    }
  }
}
