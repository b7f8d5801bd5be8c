#pragma once

#include <cstdint>
#include <vector>

#include "csrc/core/processor/access.h"

namespace eden {

// Lines by set, the last used first; written back when they leave.
class Cache {
 public:
  // `bytes` 0 is a cache that holds nothing.
  Cache(int64_t bytes, int64_t ways, int64_t line_bytes);

  // Whether it holds a line, which then is the last used, and dirty if it is written.
  bool touch(uint64_t line, bool write) {
    if (sets_ == 0) return false;
    uint64_t* set = set_of(line);
    for (int64_t i = 0; i < ways_; ++i) {
      if (set[i] >> kBits != line + 1) continue;
      const uint64_t found = set[i] | (write ? kDirty : 0);
      for (; i > 0; --i) set[i] = set[i - 1];
      set[0] = found;
      return true;
    }
    return false;
  }
  bool holds(uint64_t line) const;

  // A dirty line that had to leave.
  struct Victim {
    bool dirty = false;
    uint64_t line = 0;
    Kind kind = Kind::kScratch;
  };
  // Puts in a line that it does not hold. A cache of nothing lets it through.
  Victim insert(uint64_t line, Kind kind, bool dirty) {
    if (sets_ == 0) return {dirty, line, kind};
    uint64_t* set = set_of(line);
    const uint64_t last = set[ways_ - 1];
    for (int64_t i = ways_ - 1; i > 0; --i) set[i] = set[i - 1];
    set[0] = (line + 1) << kBits | static_cast<uint64_t>(kind) << 1 | (dirty ? kDirty : 0);
    if ((last & kDirty) == 0) return {};
    return {true, (last >> kBits) - 1, static_cast<Kind>(last >> 1 & 3)};
  }

 private:
  // An entry: line + 1, so that 0 is none, then kind and whether it is dirty.
  static constexpr int kBits = 3;
  static constexpr uint64_t kDirty = 1;

  uint64_t* set_of(uint64_t line) {
    return &entries_[static_cast<std::size_t>((line & (sets_ - 1)) * static_cast<uint64_t>(ways_))];
  }

  uint64_t sets_;
  int64_t ways_;
  std::vector<uint64_t> entries_;  // [sets * ways]
};

}  // namespace eden
