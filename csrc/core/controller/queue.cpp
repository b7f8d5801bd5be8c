#include "csrc/core/controller/queue.h"

#include <algorithm>

namespace eden {

Queue::Queue(int64_t capacity) : capacity_(capacity), pool_(static_cast<std::size_t>(capacity)) {
  for (int64_t i = capacity - 1; i >= 0; --i) free_.push_back(static_cast<int32_t>(i));
  std::fill(std::begin(head_), std::end(head_), kNone);
  std::fill(std::begin(tail_), std::end(tail_), kNone);
  std::fill(std::begin(hit_), std::end(hit_), kNone);
}

void Queue::find_hit(int32_t bank, int32_t from, int64_t row) {
  int32_t i = from;
  while (i != kNone && pool_[static_cast<std::size_t>(i)].request.row != row) i = next(i);
  hit_[bank] = i;
}

void Queue::push(const Waiting& request, int64_t open_row) {
  const int32_t i = free_.back();
  free_.pop_back();
  const int32_t bank = request.bank, last = tail_[bank];
  pool_[static_cast<std::size_t>(i)] = {request, kNone, last};
  if (last == kNone) {
    head_[bank] = i;
    banks_ |= uint64_t{1} << bank;
  } else {
    pool_[static_cast<std::size_t>(last)].next = i;
  }
  tail_[bank] = i;
  if (hit_[bank] == kNone && request.row == open_row) hit_[bank] = i;
  ++size_;
}

void Queue::remove(int32_t i, int64_t open_row) {
  const Entry& e = pool_[static_cast<std::size_t>(i)];
  const int32_t bank = e.request.bank;
  (e.before == kNone ? head_[bank] : pool_[static_cast<std::size_t>(e.before)].next) = e.next;
  (e.next == kNone ? tail_[bank] : pool_[static_cast<std::size_t>(e.next)].before) = e.before;
  if (head_[bank] == kNone) banks_ &= ~(uint64_t{1} << bank);
  if (hit_[bank] == i) find_hit(bank, e.next, open_row);
  free_.push_back(i);
  --size_;
}

}  // namespace eden
