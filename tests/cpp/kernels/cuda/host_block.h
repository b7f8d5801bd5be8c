#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/cuda/vector.h"

// How every block on the host reaches memory.
struct HostMemory {
  eden::Vector load(const void* from) const {
    eden::Vector v;
    std::memcpy(&v, from, sizeof v);
    return v;
  }
  void store(void* to, const eden::Vector& v) const { std::memcpy(to, &v, sizeof v); }
  void prefetch(const void*) const {}
  static void hold(uint32_t&) {}
};

// The block of threads of kernels/cuda/block.h on the host: one thread after the other, in each
// phase in another order. Whatever depends on the order shows as another result for another seed.
class ShuffledBlock : public HostMemory {
 public:
  ShuffledBlock(int threads, unsigned seed) : order_(static_cast<size_t>(threads)), random_(seed) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  int threads() const { return static_cast<int>(order_.size()); }

  template <class Part>
  void each(Part part) {
    std::shuffle(order_.begin(), order_.end(), random_);
    for (const int t : order_) part(t);
  }
  void barrier() {}

  template <class T>
  T atomic_or(T* where, T bits) {
    const T before = *where;
    *where |= bits;
    return before;
  }
  template <class T>
  T atomic_add(T* where, T value) {
    const T before = *where;
    *where += value;
    return before;
  }
  template <class T>
  T atomic_max(T* where, T value) {
    const T before = *where;
    *where = std::max(before, value);
    return before;
  }

 private:
  std::vector<int> order_;
  std::mt19937 random_;
};

// Runs a block with its threads in any order.
struct Shuffled {
  template <class Body>
  void operator()(int threads, unsigned seed, Body body) const {
    ShuffledBlock block(threads, seed);
    body(block);
  }
};

// Memory as a kernel finds it: full of anything.
template <class T>
void spoil(T* begin, size_t count, unsigned seed) {
  std::mt19937 random(seed);
  auto* bytes = reinterpret_cast<unsigned char*>(begin);
  for (size_t i = 0; i < count * sizeof(T); ++i) bytes[i] = static_cast<unsigned char>(random());
}
