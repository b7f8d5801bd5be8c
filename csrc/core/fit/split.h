#pragma once

#include <cstdint>
#include <vector>

#include "csrc/core/fit/compound.h"

namespace eden {

// What is known of F from elsewhere: the likelihood falls by bend (x - odds)^2 / 2, x = log-odds.
struct FailureHint {
  double odds = 0.0;
  double bend = 0.0;
};

// What the split of sums among their parts tells of F: weak cells that fail together are not spread
// over the parts as single failures would be.
//
// P of a sum's cells is not known, so the split is averaged over what P may be: its distribution
// under `law`, given the sum. Where `law.shape` is infinite, or a sum holds so many weak cells that
// its P is known, P is `share` times that of the law.
FailureHint hint_of_parts(const std::vector<FailureGroup>& parts,
                          const std::vector<int64_t>& sum_of,  // [parts], the sum of each
                          const std::vector<double>& share,    // [parts], P expected of its sum
                          const WeakLaw& law);

}  // namespace eden
