#include "kernels/cpu/gradient.h"

#include <algorithm>
#include <cstring>

namespace eden {
namespace {

template <class Raw>
void keep(const Raw* grad, const uint8_t* corrected, Raw* out, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i += 64) {
    const int64_t count = std::min<int64_t>(64, end - i);
    uint64_t marks = 0;
    std::memcpy(&marks, corrected + i / 8, static_cast<size_t>((count + 7) / 8));
    std::memcpy(out + i, grad + i, static_cast<size_t>(count) * sizeof(Raw));
    if (count < 64) marks &= (uint64_t{1} << count) - 1;
    for (; marks != 0; marks &= marks - 1) out[i + __builtin_ctzll(marks)] = 0;
  }
}

}  // namespace

void keep_plausible_cpu(const void* grad, const uint8_t* corrected, void* out, ElementType element,
                        int64_t begin, int64_t end) {
  if (element == ElementType::kFp32) {
    keep(static_cast<const uint32_t*>(grad), corrected, static_cast<uint32_t*>(out), begin, end);
  } else {
    keep(static_cast<const uint16_t*>(grad), corrected, static_cast<uint16_t*>(out), begin, end);
  }
}

}  // namespace eden
