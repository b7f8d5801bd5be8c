#pragma once

#include <cstdint>

#include "kernels/access/params.h"

namespace eden {

// Scales of the elements of one segment: one for all, or one for each of equal runs.
class SegmentScales {
 public:
  EDEN_HD void begin(const InjectParams& p, int64_t first_element) {
    scales_ = p.scales;
    run_ = 0;
    if (p.scale_count <= 1) return;
    run_ = p.elements / p.scale_count;
    scales_ += first_element / run_;
    offset_ = first_element % run_;
  }

  // Of element e of the segment.
  EDEN_HD float of(int e) const {
    if (run_ == 0) return *scales_;
    const int64_t position = offset_ + e;
    if (position < run_) return *scales_;
    if (position - run_ < run_) return scales_[1];
    // A run ended and another did within a segment, so these are small: no division of 64 bits.
    return scales_[static_cast<uint32_t>(position) / static_cast<uint32_t>(run_)];
  }

  // Whether elements [e, e + n) have one scale.
  EDEN_HD bool uniform(int e, int n) const {
    if (run_ == 0) return true;
    const int64_t position = offset_ + e;
    if (position + n <= run_) return true;
    return position + n < (int64_t{1} << 31) &&
           static_cast<uint32_t>(position) / static_cast<uint32_t>(run_) ==
               static_cast<uint32_t>(position + n - 1) / static_cast<uint32_t>(run_);
  }

 private:
  const float* scales_;
  int64_t run_;     // elements that share a scale; 0: all
  int64_t offset_;  // of the segment's first element within its run
};

}  // namespace eden
