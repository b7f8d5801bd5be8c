#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace eden {

// Subnormals count while this lives: flush-to-zero, which a caller may have set (torch offers
// set_flush_denormal), would change scales and decoded values.
class SubnormalsKept {
#if defined(__SSE2__)
 public:
  SubnormalsKept() : before_(_mm_getcsr()) { _mm_setcsr(before_ & ~0x8040u); }
  ~SubnormalsKept() { _mm_setcsr(before_); }
  SubnormalsKept(const SubnormalsKept&) = delete;
  SubnormalsKept& operator=(const SubnormalsKept&) = delete;

 private:
  unsigned before_;
#elif defined(__aarch64__)
 public:
  SubnormalsKept() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ & ~(1ull << 24)) : "memory");
  }
  ~SubnormalsKept() { asm volatile("msr fpcr, %0" ::"r"(before_) : "memory"); }
  SubnormalsKept(const SubnormalsKept&) = delete;
  SubnormalsKept& operator=(const SubnormalsKept&) = delete;

 private:
  unsigned long long before_;
#endif
};

}  // namespace eden
