#include "kernels/cpu/keep_plausible.h"

#include <cstring>

#include "kernels/cpu/processor/vector_loop.h"

namespace eden {
namespace {

template <class Raw>
struct Keep {
  [[gnu::always_inline]] static void run(const Raw* grad, const uint8_t* corrected, Raw* out,
                                         int64_t n) {
    constexpr int64_t kMarks = 32;
    int64_t i = 0;
    for (; i + kMarks <= n; i += kMarks) {
      uint32_t marks;
      std::memcpy(&marks, corrected + i / 8, sizeof marks);
      if (marks == 0) {  // most often
        std::memcpy(out + i, grad + i, kMarks * sizeof(Raw));
        continue;
      }
      for (uint32_t j = 0; j < kMarks; ++j) {
        out[i + j] = static_cast<Raw>(grad[i + j] & (((marks >> j) & 1) - 1));
      }
    }
    for (; i < n; ++i) {
      out[i] = ((corrected[i / 8] >> (i % 8)) & 1) != 0 ? Raw{0} : grad[i];
    }
  }
};

template <class Raw>
void keep(const void* grad, const uint8_t* corrected, void* out, int64_t begin, int64_t end,
          Isa isa) {
  const auto loop = loop_for<Keep<Raw>, const Raw*, const uint8_t*, Raw*, int64_t>(isa);
  loop(static_cast<const Raw*>(grad) + begin, corrected + begin / 8, static_cast<Raw*>(out) + begin,
       end - begin);
}

}  // namespace

void keep_plausible_cpu(const void* grad, const uint8_t* corrected, void* out, ElementType element,
                        int64_t begin, int64_t end, Isa isa) {
  if (element == ElementType::kFp32) {
    keep<uint32_t>(grad, corrected, out, begin, end, isa);
  } else {
    keep<uint16_t>(grad, corrected, out, begin, end, isa);
  }
}

}  // namespace eden
