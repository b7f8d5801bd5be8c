#pragma once

#include <cstdint>

#include "kernels/access/stored_bits.h"
#include "kernels/cpu/weak/summary.h"

namespace eden {

// An output of so many bytes leaves the caches anyway: it is written past them.
constexpr int64_t kStreamedBytes = int64_t{1} << 25;

// An injection cut into independent units: a segment of the address range for some of the copies.
// Units may run in any order and on any thread; the result does not depend on how they are cut.
class InjectPlan {
 public:
  // `params` must have no problem (kernels/access/check.h). Tests lower `streamed_bytes`.
  InjectPlan(const InjectParams& params, int threads, int64_t streamed_bytes = kStreamedBytes);

  int64_t units() const { return segments_ * chunks_; }
  void run(int64_t unit_begin, int64_t unit_end) const;

 private:
  InjectParams params_;
  StoredBits bits_;
  TableSummary summary_;
  int64_t segments_;
  int64_t chunks_;  // parts into which the copies are cut
  bool streaming_;  // written past the caches
};

}  // namespace eden
