#pragma once

#include <cstdint>
#include <vector>

#include "csrc/core/timing/memory.h"

namespace eden {

// One request that waits.
struct Waiting {
  int64_t order = 0;  // of acceptance
  int64_t row = 0;
  int64_t column = 0;
  int64_t arrived = 0;
  int64_t accepted = 0;
  int32_t bank = 0;
  bool write = false;
  uint16_t tag = 0;  // told when its data ends
};

// Requests by bank, the oldest first, and of each bank the oldest that its open row serves.
class Queue {
 public:
  static constexpr int32_t kNone = -1;

  explicit Queue(int64_t capacity);

  int64_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }
  // Banks with requests.
  uint64_t banks() const { return banks_; }
  const Waiting& operator[](int32_t i) const { return pool_[static_cast<std::size_t>(i)].request; }
  int32_t oldest(int32_t bank) const { return head_[bank]; }
  int32_t next(int32_t i) const { return pool_[static_cast<std::size_t>(i)].next; }
  int32_t hit(int32_t bank) const { return hit_[bank]; }

  // `open_row` is that of the bank, -1 if it is closed.
  void push(const Waiting& request, int64_t open_row);
  void remove(int32_t i, int64_t open_row);
  void opened(int32_t bank, int64_t row) { find_hit(bank, head_[bank], row); }
  void closed(int32_t bank) { hit_[bank] = kNone; }

 private:
  struct Entry {
    Waiting request;
    int32_t next = kNone;
    int32_t before = kNone;
  };

  void find_hit(int32_t bank, int32_t from, int64_t row);

  int64_t capacity_;
  int64_t size_ = 0;
  uint64_t banks_ = 0;
  std::vector<Entry> pool_;
  std::vector<int32_t> free_;
  int32_t head_[kMostBanks];
  int32_t tail_[kMostBanks];
  int32_t hit_[kMostBanks];
};

}  // namespace eden
