#pragma once

#include <cstdint>

namespace eden {

// Throws std::runtime_error if the launch just made failed.
void check_launch(const char* kernel);

// Blocks for n pieces of work, `per_block` to a block; kernels loop over what lies beyond the grid.
unsigned grid_for(int64_t n, int64_t per_block, unsigned most);

}  // namespace eden
