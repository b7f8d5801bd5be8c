#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "kernels/cpu/processor/isa.h"

namespace eden {

// A loop for one instruction set: Loop::run, a plain loop without branches whose every callee is
// inlined, compiled as that processor's vector loop. One source for all of them, so no two can
// differ, and none for a processor this list does not know.
template <class Loop, class... Args>
using LoopFunction = decltype(Loop::run(std::declval<Args>()...)) (*)(Args...);

template <class Loop, class... Args>
struct Compiled {
  using Result = decltype(Loop::run(std::declval<Args>()...));
  static Result portable(Args... args) { return Loop::run(args...); }
#if defined(__x86_64__)
  [[gnu::target("avx2")]] static Result avx2(Args... args) { return Loop::run(args...); }
  [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] static Result avx512(Args... args) {
    return Loop::run(args...);
  }
#endif
};

// The loop in an instruction set that this processor has.
template <class Loop, class... Args>
LoopFunction<Loop, Args...> loop_for(Isa isa) {
  using Made = Compiled<Loop, Args...>;
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return &Made::avx512;
  if (isa == Isa::kAvx2) return &Made::avx2;
#else
  static_cast<void>(isa);
#endif
  return &Made::portable;
}

// A number that orders like the float of these bits; -0 lies below +0, NaN beyond the infinity of
// its sign. Its own inverse.
template <class Key>
[[gnu::always_inline]] constexpr Key order_key(Key bits) {
  static_assert(std::is_signed_v<Key>);
  return bits < 0 ? static_cast<Key>(bits ^ std::numeric_limits<Key>::max()) : bits;
}

}  // namespace eden
