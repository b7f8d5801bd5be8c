#include "kernels/cpu/processor/isa.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace eden {
namespace {

Isa best_of_processor() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512) return Isa::kAvx512;
  if (__builtin_cpu_supports("avx2")) return Isa::kAvx2;
#endif
  return Isa::kPortable;
}

Isa wanted() {
  const char* name = std::getenv("EDEN_ISA");
  if (name && std::strcmp(name, "portable") == 0) return Isa::kPortable;
  if (name && std::strcmp(name, "avx2") == 0) return Isa::kAvx2;
  return Isa::kAvx512;
}

}  // namespace

Isa isa() {
  static const Isa chosen = std::min(best_of_processor(), wanted());
  return chosen;
}

}  // namespace eden
