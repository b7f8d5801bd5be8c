#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "kernels/cpu/pass/load.h"
#include "kernels/formats/dispatch.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

// Bits of every kind: zeros, subnormals, numbers, infinities, NaN; and what lies near 1.
template <class Raw>
std::vector<Raw> any_elements(size_t n, std::mt19937* random) {
  std::vector<Raw> elements(n);
  for (Raw& element : elements) {
    const uint32_t bits = (*random)();
    constexpr int kShift = 8 * (sizeof(uint32_t) - sizeof(Raw));
    const uint32_t near_one = 0x3F000000u | (bits & 0x80FFFFFFu);
    const uint32_t edges[] = {0u, 0x80000000u, 0x7F800000u, 0xFF800000u, 0x7C000000u, 0x7F800001u};
    element = static_cast<Raw>((bits % 3 == 0   ? (*random)()
                                : bits % 7 == 0 ? edges[bits / 7 % 6]
                                                : near_one) >>
                               kShift);
  }
  return elements;
}

// What `read` and `codes` must give, by what formats.h says of one element.
template <class Element, class Codec>
void check_read(const InjectParams& given, Isa isa, int64_t begin, int64_t end, bool failing,
                bool streaming) {
  using Raw = typename Element::Raw;
  constexpr int kBits = Codec::kBits;
  InjectParams p = given;
  std::mt19937 random(static_cast<unsigned>(begin + 31 * end));
  const auto size = static_cast<size_t>(p.elements * p.copies);
  // One element off, so that no address is aligned.
  const auto input = any_elements<Raw>(size + 1, &random);
  std::vector<Raw> output(size + 1, Raw{77}), expected(output);
  std::vector<uint8_t> marks(size / 8 + 2), expected_marks(marks);
  p.input = input.data() + 1;
  p.output = output.data() + 1;
  p.corrected = marks.data();
  const int64_t copy = p.copies - 1;
  const int64_t n = end - begin;
  std::vector<uint8_t> flips(static_cast<size_t>(n * kBits / 8 + 66));
  for (uint8_t& byte : flips) byte = static_cast<uint8_t>(random() & random());
  std::vector<uint8_t> codes(flips.size()), expected_codes(flips.size());

  Bounds bounds{};
  constexpr bool kFloat = !std::is_same_v<Element, RawElement<Raw>>;
  if constexpr (kFloat) bounds = round_inward<Element>({p.bounds[0], p.bounds[1]});
  for (int64_t i = 0; i < n; ++i) {
    const int64_t element = begin + i;
    const auto flat = static_cast<size_t>(copy * p.elements + element);
    const int64_t per_scale = p.elements / std::max<int64_t>(p.scale_count, 1);
    const float scale = p.scales ? p.scales[element / per_scale] : 1.0f;
    const uint32_t code = Codec::encode(input[1 + flat], scale);
    uint32_t flip = 0;
    const auto at = static_cast<size_t>(i * kBits / 8);
    if constexpr (kBits == 4) {
      flip = (flips[at] >> (i % 2 * 4)) & 15u;
      expected_codes[at] = static_cast<uint8_t>(expected_codes[at] | code << (i % 2 * 4));
    } else {
      std::memcpy(&flip, &flips[at], kBits / 8);
      std::memcpy(&expected_codes[at], &code, kBits / 8);
    }
    uint32_t raw = Codec::decode(code ^ (failing ? flip : 0), scale);
    if constexpr (kFloat) {
      bool corrected = false;
      if (p.correction != Correction::kOff) {
        raw = correct<Element, Codec>(raw, p.correction, bounds, scale, &corrected);
      }
      expected_marks[flat / 8] |= static_cast<uint8_t>(corrected << (flat % 8));
    }
    expected[1 + flat] = static_cast<Raw>(raw);
  }
  CopyWay way;  // several, by the range
  way.fetches = begin != 4;
  way.library = begin == 1022;
  const Load<Element, Codec> load(p, copy, streaming, isa, way);
  load.read(begin, end, failing ? flips.data() : nullptr);
  streams_done();
  load.codes(begin, end, codes.data());
  CHECK(output == expected);
  CHECK(marks == expected_marks);
  CHECK(codes == expected_codes);
}

}  // namespace

TEST_CASE("reading is the same in every instruction set", "[load]") {
  const auto set = GENERATE(Isa::kPortable, Isa::kAvx2, Isa::kAvx512);
  if (set > isa()) return;  // not on this processor
  const auto element = GENERATE(ElementType::kFp32, ElementType::kFp16, ElementType::kBf16,
                                ElementType::kRaw8, ElementType::kRaw16, ElementType::kRaw32);
  const auto stored = GENERATE(Stored::kFp32, Stored::kFp16, Stored::kBf16, Stored::kInt16,
                               Stored::kInt8, Stored::kInt4);
  const bool raw = element >= ElementType::kRaw8;
  if (raw && stored != Stored::kFp32) return;
  const auto correction = GENERATE(Correction::kOff, Correction::kZero, Correction::kSaturate);
  if (raw && correction != Correction::kOff) return;
  CAPTURE(set, element, stored, correction);

  // One scale, long channels, and channels as short as those of a depthwise convolution.
  const auto [elements, channels] =
      GENERATE(table<int64_t, int64_t>({{5003, 1}, {4200, 3}, {3006, 334}}));
  std::vector<float> scales(static_cast<size_t>(channels));
  for (size_t i = 0; i < scales.size(); ++i) scales[i] = 0.01f * static_cast<float>(i % 9 + 1);
  const std::vector<float> bounds{-0.8f, channels == 3 ? 0.0f : 1.7f};
  InjectParams p{};
  p.element = element;
  p.stored = stored;
  p.correction = correction;
  p.elements = elements;
  p.copies = 3;
  p.scale_count = !raw && stored >= Stored::kInt16 ? channels : 0;
  p.scales = p.scale_count > 0 ? scales.data() : nullptr;
  p.bounds = bounds.data();
  dispatch(element, stored, [&](auto type, auto codec) {
    for (const bool failing : {false, true}) {
      for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, elements},
                                       {2, 3},
                                       {4, 71},
                                       {1022, 2049},
                                       {1000, elements - 1}}) {
        check_read<decltype(type), decltype(codec)>(p, set, begin, end, failing, begin == 1000);
      }
    }
  });
}

TEST_CASE("a failed element is marked, and a repaired one is not", "[load]") {
  const std::vector<float> input{1.0f, 5.0f, 1.0f, 1.0f};
  const std::vector<float> bounds{-2.0f, 2.0f};
  std::vector<float> output(4);
  std::vector<uint8_t> marks(1);
  InjectParams p{};
  p.input = input.data();
  p.output = output.data();
  p.corrected = marks.data();
  p.bounds = bounds.data();
  p.elements = 4;
  p.copies = 1;
  p.correction = Correction::kZero;
  const Load<Fp32, FloatCodec<Fp32, Fp32>> load(p, 0);
  load.read(0, 4, nullptr);
  CHECK(output == std::vector<float>{1.0f, 0.0f, 1.0f, 1.0f});
  CHECK(marks[0] == 0b0010);
  load.fail(1, bits_from_float(5.0f) ^ bits_from_float(1.5f));
  load.fail(3, 0x40000000u);
  CHECK(output == std::vector<float>{1.0f, 1.5f, 1.0f, 0.0f});
  CHECK(marks[0] == 0b1000);
}
