#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/access/params.h"
#include "kernels/formats/dispatch.h"

namespace eden {

// The bits [first, last) of a partition that one copy of a tensor takes, cut into segments.
struct StoredBits {
  // Bits [first, last) of a segment.
  struct Part {
    uint64_t segment;
    int first, last;
  };

  int64_t first, last;

  explicit StoredBits(const InjectParams& p)
      : first(8 * p.address), last(first + p.elements * stored_bits(p.element, p.stored)) {}
  int64_t segments() const {
    return first == last ? 0 : (last + kSegmentBits - 1) / kSegmentBits - first / kSegmentBits;
  }
  Part part(int64_t i) const {
    const int64_t segment = first / kSegmentBits + i;
    const int64_t begin = segment * kSegmentBits;
    return {static_cast<uint64_t>(segment), static_cast<int>(std::max<int64_t>(first - begin, 0)),
            static_cast<int>(std::min<int64_t>(last - begin, kSegmentBits))};
  }
};

}  // namespace eden
