#include "csrc/core/processor/cache.h"

#include <algorithm>

namespace eden {

Cache::Cache(int64_t bytes, int64_t ways, int64_t line_bytes)
    : sets_(static_cast<uint64_t>(bytes / (ways * line_bytes))),
      ways_(ways),
      entries_(sets_ * static_cast<std::size_t>(ways)) {}

bool Cache::holds(uint64_t line) const {
  if (sets_ == 0) return false;
  const auto first = entries_.begin() + static_cast<int64_t>((line & (sets_ - 1))) * ways_;
  return std::any_of(first, first + ways_, [&](uint64_t e) { return e >> kBits == line + 1; });
}

}  // namespace eden
