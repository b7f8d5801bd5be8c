#pragma once

#include <string>

// What is said where a GPU cannot run what was compiled. Text alone, so that it is tested without
// CUDA.

namespace eden {

// "9.0" of 900, as nvcc numbers them; "12.1" of 1210.
inline std::string capability_text(int architecture) {
  return std::to_string(architecture / 100) + "." + std::to_string(architecture / 10 % 10);
}

// What is wrong and what to do, for a GPU that none of the architectures suits.
template <int count>
std::string unsuited_text(int gpu, const int (&built)[count]) {
  std::string list;
  for (int i = 0; i < count; ++i) {
    list += (i == 0 ? "" : i + 1 < count ? ", " : " and ") + capability_text(built[i]);
  }
  const std::string own = capability_text(gpu);
  return "The GPU has compute capability " + own + ", eden was built for " + list +
         ": build it again with `TORCH_CUDA_ARCH_LIST=" + own +
         " EDEN_CUDA=1 pip install --no-build-isolation .` in its source folder; for a GPU newer "
         "than these, a newer driver does as well.";
}

}  // namespace eden
