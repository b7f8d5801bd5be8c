#pragma once

#include <cstdint>
#include <cstring>

namespace eden {

// The transpose of a matrix of 8 x 8 bits: bit i of byte j becomes bit j of byte i.
inline uint64_t transposed(uint64_t x) {
  // Blocks of one, two and four bits change places with those across the diagonal.
  const auto swap = [&](int distance, uint64_t upper) {
    const uint64_t moved = (x ^ (x >> distance)) & upper;
    x ^= moved ^ (moved << distance);
  };
  swap(7, 0x00AA00AA00AA00AAu);
  swap(14, 0x0000CCCC0000CCCCu);
  swap(28, 0x00000000F0F0F0F0u);
  return x;
}

// Byte `lane` of each of 8 codes, the first one lowest; of codes of 4 bits the codes.
template <int kBits>
uint64_t lane_of(const uint8_t* codes, int lane) {
  uint64_t x = 0;
  if constexpr (kBits == 8) {
    std::memcpy(&x, codes, 8);
  } else if constexpr (kBits == 4) {
    for (int j = 0; j < 8; ++j) x |= uint64_t{codes[j / 2]} >> 4 * (j % 2) << 8 * j;
    x &= 0x0F0F0F0F0F0F0F0Fu;
  } else {
    for (int j = 0; j < 8; ++j) x |= uint64_t{codes[j * kBits / 8 + lane]} << 8 * j;
  }
  return x;
}

template <int kBits>
void set_lane(uint8_t* codes, int lane, uint64_t x) {
  if constexpr (kBits == 8) {
    std::memcpy(codes, &x, 8);
  } else if constexpr (kBits == 4) {
    x |= x >> 4;  // two codes in the lower of two bytes
    for (int j = 0; j < 4; ++j) codes[j] = static_cast<uint8_t>(x >> 16 * j);
  } else {
    for (int j = 0; j < 8; ++j) codes[j * kBits / 8 + lane] = static_cast<uint8_t>(x >> 8 * j);
  }
}

// Spreads n packed codes, a multiple of 8 and at most `kMost`, over bit planes `stride` bytes
// apart: bit j of eight of them is a byte of plane j. By way of a buffer: planes a power of two
// apart would share the sets of the L1 cache.
template <int kBits, int64_t kMost>
void to_planes(const uint8_t* codes, int64_t n, uint8_t* planes, int64_t stride) {
  alignas(64) uint8_t near[kBits * kMost / 8];
  for (int64_t g = 0; g < n / 8; ++g, codes += kBits) {
    for (int bit = 0; bit < kBits; bit += 8) {
      const uint64_t bytes = transposed(lane_of<kBits>(codes, bit / 8));
      for (int b = 0; b < 8 && bit + b < kBits; ++b) {
        near[(bit + b) * (kMost / 8) + g] = static_cast<uint8_t>(bytes >> 8 * b);
      }
    }
  }
  for (int b = 0; b < kBits; ++b) {
    std::memcpy(planes + b * stride, near + b * (kMost / 8), static_cast<size_t>(n / 8));
  }
}

// The inverse.
template <int kBits, int64_t kMost>
void from_planes(const uint8_t* planes, int64_t stride, int64_t n, uint8_t* codes) {
  alignas(64) uint8_t near[kBits * kMost / 8];
  for (int b = 0; b < kBits; ++b) {
    std::memcpy(near + b * (kMost / 8), planes + b * stride, static_cast<size_t>(n / 8));
  }
  for (int64_t g = 0; g < n / 8; ++g, codes += kBits) {
    for (int bit = 0; bit < kBits; bit += 8) {
      uint64_t bytes = 0;
      for (int b = 0; b < 8 && bit + b < kBits; ++b) {
        bytes |= uint64_t{near[(bit + b) * (kMost / 8) + g]} << 8 * b;
      }
      set_lane<kBits>(codes, bit / 8, transposed(bytes));
    }
  }
}

}  // namespace eden
