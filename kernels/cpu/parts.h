#pragma once

#include <algorithm>
#include <cstdint>

namespace eden {

// Parts of `size` things lie one after the other: calls visit(part, begin, end) for what the range
// [begin, end) of all has of each, counted from the part's first.
template <class Visit>
void for_parts(int64_t size, int64_t begin, int64_t end, Visit visit) {
  while (begin < end) {
    const int64_t part = begin / size, first = part * size;
    const int64_t stop = std::min(end, first + size);
    visit(part, begin - first, stop - first);
    begin = stop;
  }
}

}  // namespace eden
