#pragma once

#include <cstdint>
#include <string>

#include "kernels/inject.h"

namespace eden {

// What is wrong with an injection: what, the value, what is accepted. Empty if nothing is.
// `out_bytes` is the size of the output. No pointer is followed.
std::string problem_of(const InjectParams& params, int64_t out_bytes);

// What is wrong with the arrays that an injection without a problem (above) points to: the order of
// the bitlines, the scales, the bounds. They must lie in this machine's memory.
std::string problem_of_arrays(const InjectParams& params);

}  // namespace eden
