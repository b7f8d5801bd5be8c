#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/vector.h"

namespace eden {

// The threads that run a kernel body together.
//
// A body is a row of phases. In each, every thread does its part; what one phase wrote, the next
// may read. Written so, a body also runs on the host (tests/cpp/kernels/cuda/host_block.h), where
// the threads of a phase go in any order and the result must be that of the CPU kernels.
//
// What lies between the phases is done by all threads alike and writes nothing.
class CudaBlock {
 public:
  EDEN_HD int threads() const {
#if defined(__CUDA_ARCH__)
    return static_cast<int>(blockDim.x);
#else
    return 0;
#endif
  }

  // part(t) for each thread t, without waiting for the others.
  template <class Part>
  EDEN_HD void each(Part part) {
#if defined(__CUDA_ARCH__)
    part(static_cast<int>(threadIdx.x));
#else
    static_cast<void>(part);
#endif
  }

  EDEN_HD void barrier() {
#if defined(__CUDA_ARCH__)
    __syncthreads();
#endif
  }

  // These return what was there before.
  template <class T>
  EDEN_HD T atomic_or(T* where, T value) {
#if defined(__CUDA_ARCH__)
    return static_cast<T>(
        atomicOr(reinterpret_cast<Native<T>*>(where), static_cast<Native<T>>(value)));
#else
    return *where | value;
#endif
  }
  template <class T>
  EDEN_HD T atomic_add(T* where, T value) {
#if defined(__CUDA_ARCH__)
    return static_cast<T>(
        atomicAdd(reinterpret_cast<Native<T>*>(where), static_cast<Native<T>>(value)));
#else
    return *where + value;
#endif
  }
  template <class T>
  EDEN_HD T atomic_max(T* where, T value) {
#if defined(__CUDA_ARCH__)
    return static_cast<T>(
        atomicMax(reinterpret_cast<Native<T>*>(where), static_cast<Native<T>>(value)));
#else
    return *where > value ? *where : value;
#endif
  }

  // Makes the compiler compute a word here, once, and not again at each use.
  EDEN_HD static void hold(uint32_t& word) {
#if defined(__CUDA_ARCH__)
    asm volatile("" : "+r"(word));
#else
    static_cast<void>(word);
#endif
  }

  // Memory that nothing writes while the kernel runs. `from` is 16-byte aligned.
  EDEN_HD Vector load(const void* from) const {
#if defined(__CUDA_ARCH__)
    const uint4 v = __ldg(static_cast<const uint4*>(from));
    return {{v.x, v.y, v.z, v.w}};
#else
    return *static_cast<const Vector*>(from);
#endif
  }

  // `to` is 16-byte aligned, in global memory.
  EDEN_HD void store(void* to, const Vector& v) const {
#if defined(__CUDA_ARCH__)
    // Assigning a uint4 comes out as four stores here.
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(to)),
                 "r"(v.word[0]), "r"(v.word[1]), "r"(v.word[2]), "r"(v.word[3]));
#else
    *static_cast<Vector*>(to) = v;
#endif
  }

  // The line of 128 bytes is on its way into the second-level cache.
  EDEN_HD void prefetch(const void* line) const {
#if defined(__CUDA_ARCH__)
    asm volatile("prefetch.global.L2 [%0];" ::"l"(line));
#else
    static_cast<void>(line);
#endif
  }

 private:
  // CUDA's atomics know `unsigned long long`, and uint64_t is `unsigned long`.
  template <class T>
  using Native = std::conditional_t<std::is_same_v<T, uint64_t>, unsigned long long, T>;
};

}  // namespace eden
