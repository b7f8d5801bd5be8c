#include <vector>

#include "kernels/cpu/planes.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

constexpr int64_t kMost = 32;

// Bit b of code i lies at bit i % 8 of byte i / 8 of plane b.
template <int kBits>
void check_planes(int64_t n) {
  std::vector<uint8_t> codes(static_cast<size_t>(n * kBits / 8));
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<uint8_t>(197 * i * i + 41 * i);
  const int64_t stride = n / 8 + 3;
  std::vector<uint8_t> planes(static_cast<size_t>(kBits * stride), 0xEE);
  to_planes<kBits, kMost>(codes.data(), n, planes.data(), stride);
  const auto bit_of = [](const std::vector<uint8_t>& bytes, int64_t bit) {
    return bytes[static_cast<size_t>(bit / 8)] >> (bit % 8) & 1;
  };
  for (int64_t i = 0; i < n; ++i) {
    for (int b = 0; b < kBits; ++b) {
      CHECK(bit_of(planes, 8 * b * stride + i) == bit_of(codes, i * kBits + b));
    }
  }
  for (int b = 0; b < kBits; ++b) CHECK(planes[static_cast<size_t>(b * stride + n / 8)] == 0xEE);
  std::vector<uint8_t> back(codes.size());
  from_planes<kBits, kMost>(planes.data(), stride, n, back.data());
  CHECK(back == codes);
}

}  // namespace

TEST_CASE("planes hold one bit of all codes, and the codes come back") {
  const int64_t n = GENERATE(int64_t{0}, int64_t{8}, kMost);
  check_planes<4>(n);
  check_planes<8>(n);
  check_planes<16>(n);
  check_planes<32>(n);
}

TEST_CASE("transposing moves bit i of byte j to bit j of byte i") {
  for (int j = 0; j < 8; ++j) {
    for (int i = 0; i < 8; ++i) {
      CHECK(transposed(uint64_t{1} << (8 * j + i)) == uint64_t{1} << (8 * i + j));
    }
  }
}
