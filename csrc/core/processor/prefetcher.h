#pragma once

#include <cstdint>
#include <vector>

namespace eden {

// Finds streams in the misses of a core: two steps of one line in the same direction within a page
// begin one, and lines of the page ahead of it are asked for. A page is one of 4 KiB, since
// prefetchers see physical addresses.
class Prefetcher {
 public:
  Prefetcher(int64_t streams, int64_t degree, int64_t distance, int64_t line_bytes);

  // Appends the lines to fetch on an access to a line.
  void observe(uint64_t line, std::vector<uint64_t>* fetch);

 private:
  struct Stream {
    uint64_t page = ~uint64_t{0};
    int64_t last = 0;   // line within the page
    int64_t ahead = 0;  // the furthest that was asked for
    int direction = 0;
    int steps = 0;
    int64_t used = 0;
  };

  std::vector<Stream> streams_;
  int64_t degree_, distance_;
  int page_shift_ = 0;
  int64_t clock_ = 0;
};

}  // namespace eden
