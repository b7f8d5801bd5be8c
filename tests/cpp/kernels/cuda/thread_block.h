#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/cpp/kernels/cuda/host_block.h"

// Threads that wait for each other, like those of a CUDA block.
class ThreadTeam {
 public:
  explicit ThreadTeam(int threads) : threads_(threads) {}

  int threads() const { return threads_; }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    const int64_t round = round_;
    if (++waiting_ == threads_) {
      waiting_ = 0;
      ++round_;
      all_here_.notify_all();
    } else {
      all_here_.wait(lock, [&] { return round_ != round; });
    }
  }

 private:
  int threads_;
  int waiting_ = 0;
  int64_t round_ = 0;
  std::mutex mutex_;
  std::condition_variable all_here_;
};

// One real thread of a block: it does its own part of each phase and meets the others at barriers
// alone. ThreadSanitizer then sees every access that a barrier is missing for, as
// compute-sanitizer's racecheck would on a GPU.
class ThreadBlock : public HostMemory {
 public:
  ThreadBlock(ThreadTeam& team, int thread) : team_(team), thread_(thread) {}

  int threads() const { return team_.threads(); }

  template <class Part>
  void each(Part part) {
    part(thread_);
  }
  void barrier() { team_.wait(); }

  template <class T>
  T atomic_or(T* where, T bits) {
    return __atomic_fetch_or(where, bits, __ATOMIC_RELAXED);
  }
  template <class T>
  T atomic_add(T* where, T value) {
    return __atomic_fetch_add(where, value, __ATOMIC_RELAXED);
  }
  template <class T>
  T atomic_max(T* where, T value) {
    T seen = __atomic_load_n(where, __ATOMIC_RELAXED);
    while (seen < value && !__atomic_compare_exchange_n(where, &seen, value, true, __ATOMIC_RELAXED,
                                                        __ATOMIC_RELAXED)) {
    }
    return seen;
  }

 private:
  ThreadTeam& team_;
  int thread_;
};

// Runs a block on a few threads of this machine.
struct OnThreads {
  int threads;

  template <class Body>
  void operator()(int, unsigned, Body body) const {
    ThreadTeam team(threads);
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        ThreadBlock block(team, t);
        body(block);
      });
    }
    for (std::thread& thread : all) thread.join();
  }
};
