#pragma once

#include <cstdint>
#include <string>

#include "csrc/core/fields/fields.h"

namespace eden {

// How a convolution is computed: a blocked product of matrices over im2col, directly on blocks of
// sixteen channels, or by tiles of a product that many threads share (GPU).
enum class Kernel { kIm2col, kDirect, kTiled };

// By name: im2col, direct, tiled. Throws std::invalid_argument.
Kernel kernel(const std::string& name);

// Cores with caches before a DRAM. The defaults are those of EDEN's CPU (MICRO 2019, table 4): two
// cores, 4 GHz, 4 wide, window 128, 8 MB; what that table leaves open is an assumption.
struct Processor {
  int64_t cores = 2;
  double clock_hz = 4e9;
  int64_t width = 4;              // instructions a cycle
  int64_t window = 128;           // instructions beyond the oldest load that still waits
  int64_t misses_in_flight = 16;  // of a core
  int64_t vector_bytes = 32;      // of one multiply-add instruction
  int64_t multiply_units = 2;     // of those started in a cycle
  int64_t line_bytes = 64;
  // Bytes, ways, and cycles until data is there. A level of 0 bytes is none; the last is shared.
  int64_t l1_bytes = 32 << 10;
  int64_t l1_ways = 8;
  int64_t l2_bytes = 512 << 10;
  int64_t l2_ways = 8;
  int64_t l2_cycles = 14;
  int64_t shared_bytes = 8 << 20;
  int64_t shared_ways = 16;
  int64_t shared_cycles = 40;
  double memory_seconds = 20e-9;  // between the shared cache and the pins, both ways together
  bool prefetch = true;           // into L2, streams within a page
  int64_t prefetch_streams = 16;
  int64_t prefetch_degree = 2;     // lines asked for at a time
  int64_t prefetch_distance = 16;  // lines ahead of the stream
  int64_t prefetches_in_flight = 16;
  int64_t page_bytes = 4096;  // scattered over the memory by page_seed; 0: addresses as they are
  int64_t page_seed = 1;
  bool colliding_buffers = false;  // all tensors begin in the same bank, which needs large pages
  int64_t channel_groups = 1;  // of as many channels as the memory has: for twelve of them, 3 of 4
  int64_t channel_bytes = 64;  // in one channel before the next
  // Of a phase of a layer, accesses beyond these are not simulated but scaled from samples.
  int64_t accesses = 2000000;
  int64_t samples = 16;
};

template <>
struct FieldsOf<Processor> {
  using T = Processor;
  static constexpr double kBytes = 1LL << 32;
  static constexpr Field<T> list[] = {
      {"cores", &T::cores, 1, 256},
      {"clock_hz", &T::clock_hz, 1e6, 1e11},
      {"width", &T::width, 1, 64},
      {"window", &T::window, 1, 1 << 20},
      {"misses_in_flight", &T::misses_in_flight, 1, 4096},
      {"vector_bytes", &T::vector_bytes, 4, 4096},
      {"multiply_units", &T::multiply_units, 1, 64},
      {"line_bytes", &T::line_bytes, 16, 4096},
      {"l1_bytes", &T::l1_bytes, 0, kBytes},
      {"l1_ways", &T::l1_ways, 1, 64},
      {"l2_bytes", &T::l2_bytes, 0, kBytes},
      {"l2_ways", &T::l2_ways, 1, 64},
      {"l2_cycles", &T::l2_cycles, 0, 10000},
      {"shared_bytes", &T::shared_bytes, 0, kBytes},
      {"shared_ways", &T::shared_ways, 1, 64},
      {"shared_cycles", &T::shared_cycles, 0, 10000},
      {"memory_seconds", &T::memory_seconds, 0, 1e-3},
      {"prefetch", &T::prefetch},
      {"prefetch_streams", &T::prefetch_streams, 1, 1024},
      {"prefetch_degree", &T::prefetch_degree, 1, 64},
      {"prefetch_distance", &T::prefetch_distance, 1, 1024},
      {"prefetches_in_flight", &T::prefetches_in_flight, 1, 4096},
      {"page_bytes", &T::page_bytes, 0, 1 << 30},
      {"page_seed", &T::page_seed, 0, 1LL << 53},
      {"colliding_buffers", &T::colliding_buffers},
      {"channel_groups", &T::channel_groups, 1, 64},
      {"channel_bytes", &T::channel_bytes, 16, 1 << 20},
      {"accesses", &T::accesses, 1000, 1e12},
      {"samples", &T::samples, 2, 1000},
  };
};

// Lines that the machine can tell apart: half of its ring, as they end in any order.
constexpr int64_t kMostInFlight = 1 << 15;

// Throws std::invalid_argument, one line, for a number outside its limits, sizes that are no powers
// of two, a cache whose lines do not divide into sets by a power of two, and too much in flight.
void check(const Processor& processor);

}  // namespace eden
