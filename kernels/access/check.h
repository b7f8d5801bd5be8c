#pragma once

#include <cstdint>
#include <string>

#include "kernels/access/params.h"

namespace eden {

// What is wrong with an injection: what, the value, what is accepted. Empty if nothing is.
// `out_bytes` is the size of the output. No pointer is followed.
std::string problem_of(const InjectParams& params, int64_t out_bytes);

// The part of it that is about which cells are weak: whatever is read from them, and where to.
std::string problem_of_cells(const InjectParams& params);

// The part of it that is about the values of elements and their codes.
std::string problem_of_coding(const InjectParams& params);

// What is wrong with the arrays that an injection without a problem (above) points to: the order of
// bitlines or known cells, or the weak cells kept, which make up for it; the scales, the bounds.
// They must lie in this machine's memory.
std::string problem_of_arrays(const InjectParams& params);

// The part of it that is about which cells are weak.
std::string problem_of_order(const InjectParams& params);

}  // namespace eden
