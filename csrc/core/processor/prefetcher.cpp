#include "csrc/core/processor/prefetcher.h"

#include <algorithm>

namespace eden {
namespace {
constexpr int64_t kPageBytes = 4096;
}

Prefetcher::Prefetcher(int64_t streams, int64_t degree, int64_t distance, int64_t line_bytes)
    : streams_(static_cast<std::size_t>(streams)), degree_(degree), distance_(distance) {
  while (line_bytes << page_shift_ < kPageBytes) ++page_shift_;
}

void Prefetcher::observe(uint64_t line, std::vector<uint64_t>* fetch) {
  const uint64_t page = line >> page_shift_;
  const int64_t lines = int64_t{1} << page_shift_;
  const auto at = static_cast<int64_t>(line & static_cast<uint64_t>(lines - 1));
  auto s = std::find_if(streams_.begin(), streams_.end(),
                        [&](const Stream& stream) { return stream.page == page; });
  if (s == streams_.end()) {
    s = std::min_element(streams_.begin(), streams_.end(),
                         [](const Stream& a, const Stream& b) { return a.used < b.used; });
    *s = {page, at, at, 0, 0, ++clock_};
    return;
  }
  s->used = ++clock_;
  const int64_t step = at - s->last;
  if (step == 0) return;
  const int direction = step > 0 ? 1 : -1;
  // A stream that was found goes on over small gaps, which its own lines leave.
  const bool goes_on = direction == s->direction &&
                       (s->steps >= 2 ? step * direction <= distance_ : step * direction == 1);
  if (goes_on) {
    ++s->steps;
  } else {
    *s = {page, at, at, direction, step * direction == 1 ? 1 : 0, clock_};
  }
  s->last = at;
  if (s->steps < 2) return;
  if ((s->ahead - at) * direction < 0) s->ahead = at;
  for (int64_t i = 0; i < degree_; ++i) {
    const int64_t next = s->ahead + direction;
    if (next < 0 || next >= lines || (next - at) * direction > distance_) return;
    s->ahead = next;
    fetch->push_back(page << page_shift_ | static_cast<uint64_t>(next));
  }
}

}  // namespace eden
