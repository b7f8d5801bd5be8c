#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "kernels/access/params.h"
#include "kernels/access/stored_bits.h"
#include "kernels/cpu/weak/summary.h"

namespace eden {

// Finds the weak cells of a tensor and writes them down as kernels/access/kept.h has it. Units are
// segments; they may run in any order and on any thread.
class WeakCellsPlan {
 public:
  // `params` must have no problem about its cells (kernels/access/check.h). An array of more than
  // `most_bytes` is not made.
  WeakCellsPlan(const InjectParams& params, int64_t most_bytes);

  int64_t units() const { return static_cast<int64_t>(cells_.size()); }
  void run(int64_t unit_begin, int64_t unit_end);

  // Once all units have run: the size of the array, 0 if it is not made.
  int64_t words() const;
  void write(int32_t* words) const;

 private:
  InjectParams params_;
  StoredBits bits_;
  TableSummary summary_;
  int64_t most_bytes_;
  std::vector<std::vector<uint16_t>> cells_;  // of each segment
  std::atomic<int64_t> found_{0};
};

}  // namespace eden
