#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#elif !defined(__aarch64__)
#include <cfenv>
#endif

namespace eden {

// Floats round to nearest and subnormals count while this lives: what a caller may have set (torch
// offers set_flush_denormal, C fesetround) would change scales, codes and decoded values. The mode
// is that of a thread. Arithmetic that the compiler must not move out of it begins with a load from
// memory that others can see and ends with a store there, or with `finish`.
class FloatMode {
 public:
  FloatMode() : before_(get()) {
#if defined(__SSE2__)
    set(before_ & ~0xE040u);  // flush to zero, rounding (2 bits), subnormals are zeros
#elif defined(__aarch64__)
    set(before_ & ~(7ull << 22));  // rounding (2 bits), flush to zero
#else
    set(FE_TONEAREST);
#endif
  }
  ~FloatMode() { set(before_); }
  FloatMode(const FloatMode&) = delete;
  FloatMode& operator=(const FloatMode&) = delete;

  // A result is there before the mode ends.
  template <class Result>
  void finish(const Result& result) const {
    asm volatile("" ::"r"(&result) : "memory");
  }

 private:
#if defined(__SSE2__)
  using Mode = unsigned;
  static Mode get() { return _mm_getcsr(); }
  static void set(Mode mode) {
    asm volatile("" ::: "memory");
    _mm_setcsr(mode);
    asm volatile("" ::: "memory");
  }
#elif defined(__aarch64__)
  using Mode = unsigned long long;
  static Mode get() {
    Mode mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void set(Mode mode) { asm volatile("msr fpcr, %0" ::"r"(mode) : "memory"); }
#else
  using Mode = int;
  static Mode get() { return std::fegetround(); }
  static void set(Mode mode) { std::fesetround(mode); }
#endif

  Mode before_;
};

}  // namespace eden
