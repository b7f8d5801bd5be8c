#include "kernels/cpu/secded.h"

#include "kernels/protection/secded.h"

namespace eden {

void secded_check_cpu(const uint8_t* bytes, int64_t size, int64_t begin, int64_t end,
                      uint8_t* check) {
  for (int64_t w = begin; w < end; ++w) secded_check(bytes, size, w, check);
}

void secded_correct_cpu(const uint8_t* bytes, const uint8_t* check, int64_t size, int64_t begin,
                        int64_t end, uint8_t* out, int64_t* counts) {
  for (int64_t w = begin; w < end; ++w) {
    const Outcome outcome = secded_correct(bytes, check, size, w, out);
    if (outcome != Outcome::kClean) ++counts[outcome == Outcome::kDetected];
  }
}

}  // namespace eden
