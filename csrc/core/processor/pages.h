#pragma once

#include <cstdint>
#include <vector>

namespace eden {

// Which physical page a virtual one is: a permutation of the memory's pages by a seed, as on a
// machine that has run for a while.
class Pages {
 public:
  // `page_bytes` 0 leaves addresses as they are. Both sizes are powers of two, or the memory's is
  // a multiple of one, beyond which nothing is scattered.
  Pages(int64_t page_bytes, uint64_t memory_bytes, uint64_t seed);

  uint64_t physical(uint64_t address) {
    if (shift_ == 0) return address;
    const uint64_t page = address >> shift_;
    if (page != last_page_) {
      last_page_ = page;
      last_frame_ = frame(page);
    }
    return last_frame_ << shift_ | (address & ((uint64_t{1} << shift_) - 1));
  }

 private:
  uint64_t frame(uint64_t page);
  uint64_t permuted(uint64_t page) const;

  int shift_ = 0;
  int bits_ = 0;  // of a page's number
  uint64_t pages_ = 0;
  uint64_t seed_;
  uint64_t last_page_ = ~uint64_t{0};
  uint64_t last_frame_ = 0;
  std::vector<uint64_t> frames_;  // [pages] that were asked for, + 1
};

}  // namespace eden
