#include "csrc/core/processor/pages.h"

namespace eden {
namespace {

// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ x >> 27) * 0x94D049BB133111EBULL;
  return x ^ x >> 31;
}

}  // namespace

Pages::Pages(int64_t page_bytes, uint64_t memory_bytes, uint64_t seed) : seed_(seed) {
  if (page_bytes == 0) return;
  while ((int64_t{1} << shift_) < page_bytes) ++shift_;
  pages_ = memory_bytes >> shift_;
  while ((uint64_t{1} << bits_) < pages_) ++bits_;
}

// Four rounds of a Feistel network on the halves of a page's number; of an odd count of bits the
// upper half is the smaller.
uint64_t Pages::permuted(uint64_t page) const {
  const int low_bits = (bits_ + 1) / 2, high_bits = bits_ - low_bits;
  const uint64_t low_mask = (uint64_t{1} << low_bits) - 1;
  const uint64_t high_mask = (uint64_t{1} << high_bits) - 1;
  uint64_t low = page & low_mask, high = page >> low_bits;
  for (uint64_t round = 0; round < 4; round += 2) {
    low ^= mixed(high + (round << 40) + seed_ * 0x9E3779B97F4A7C15ULL) & low_mask;
    high ^= mixed(low + ((round + 1) << 40) + seed_ * 0x9E3779B97F4A7C15ULL) & high_mask;
  }
  return high << low_bits | low;
}

uint64_t Pages::frame(uint64_t page) {
  if (page >= pages_) return page;
  if (page >= frames_.size()) frames_.resize(page + 1);
  uint64_t& known = frames_[page];
  if (known == 0) {
    uint64_t to = permuted(page);
    while (to >= pages_) to = permuted(to);  // walks back into a range that is no power of two
    known = to + 1;
  }
  return known - 1;
}

}  // namespace eden
