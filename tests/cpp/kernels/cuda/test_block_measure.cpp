#include <cmath>
#include <cstring>

#include "kernels/cpu/count_flips.h"
#include "kernels/cpu/keep_plausible.h"
#include "kernels/cpu/weight_range.h"
#include "kernels/cuda/count_flips_body.h"
#include "kernels/cuda/keep_plausible_body.h"
#include "kernels/cuda/weight_range_body.h"
#include "kernels/formats/dispatch.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/kernels/cuda/thread_block.h"

using namespace eden;

// The bodies of the CUDA kernels that measure, run on the host, against the CPU's: bit for bit.

namespace {

constexpr int64_t kBlocks = 3;

// Calls body(block, part) for each block of a grid, in any order, with its threads as `run` says.
template <class Run, class Body>
void run_grid(unsigned seed, Run run, Body body) {
  std::vector<int64_t> order(kBlocks);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(seed));
  for (const int64_t number : order) {
    run(kVisitThreads, seed++, [&](auto& block) { body(block, GridPart{number, kBlocks}); });
  }
}

template <class Run>
bool sees_the_range_of_the_cpu(ElementType element, const char* x, int64_t n, unsigned seed,
                               Run run) {
  uint32_t seen[3] = {};
  uint32_t shared[3] = {1, 2, 3};
  run_grid(seed, run, [&](auto& block, GridPart part) {
    const auto see = [&](auto type) { see_range<decltype(type)>(block, part, x, n, shared, seen); };
    if (element == ElementType::kFp32) see(Fp32{});
    if (element == ElementType::kFp16) see(Fp16{});
    if (element == ElementType::kBf16) see(Bf16{});
  });
  const Range range = range_cpu(x, element, n);
  return Seen::value(~seen[0]) == range.lowest && Seen::value(seen[1]) == range.highest &&
         float_from_bits(seen[2]) == range.greatest;
}

// The same of channels, of which the first has elements that no run of a vector finds.
template <class Run>
bool sees_the_channels_of_the_cpu(ElementType element, Stored stored, const char* x,
                                  int64_t channels, int64_t run, unsigned seed, Run run_block) {
  uint32_t seen[3] = {};
  uint32_t shared[3] = {1, 2, 3};
  std::vector<float> expected(static_cast<size_t>(channels)), found(expected);
  run_grid(seed, run_block, [&](auto& block, GridPart part) {
    const auto see = [&](auto type) {
      see_channels<decltype(type)>(block, part, x, channels, run, stored, shared, found.data(),
                                   seen);
    };
    if (element == ElementType::kFp32) see(Fp32{});
    if (element == ElementType::kFp16) see(Fp16{});
    if (element == ElementType::kBf16) see(Bf16{});
  });
  Bounds bounds;
  channel_range_cpu(x, element, channels, run, stored, &bounds, expected.data());
  return found == expected && Seen::value(~seen[0]) == bounds.lo &&
         Seen::value(seen[1]) == bounds.hi;
}

template <class Run>
bool counts_the_flips_of_the_cpu(ElementType element, Stored stored, const char* x, const char* y,
                                 int64_t n, unsigned seed, Run run) {
  // One scale, or one for each run.
  const int64_t each = n % 3 == 0 ? n / 3 : n;
  std::vector<float> scales{0.01f, 0.02f, 3.0f};
  std::vector<int64_t> expected(64), found(64);
  for (int64_t first = 0; first < n; first += each) {
    const int64_t at = first * element_bytes(element);
    const float scale = scales[static_cast<size_t>(first / each)];
    count_flips_cpu(x + at, y + at, element, stored, scale, each, expected.data());
  }
  uint32_t shared[64];
  spoil(shared, 64, seed);
  run_grid(seed, run, [&](auto& block, GridPart part) {
    dispatch(element, stored, [&](auto type, auto codec) {
      count_flips<decltype(type), decltype(codec)>(block, part, x, y, scales.data(), each, n,
                                                   shared,
                                                   reinterpret_cast<uint64_t*>(found.data()));
    });
  });
  return found == expected;
}

// Random words, of which some are special as float32, float16 or bfloat16.
std::vector<uint32_t> words(int64_t count, unsigned seed, bool finite) {
  std::mt19937 random(seed);
  std::vector<uint32_t> all(static_cast<size_t>(count));
  for (uint32_t& word : all) {
    word = static_cast<uint32_t>(random());
    // An exponent of all ones in none of the three types.
    if (finite) word &= 0xBBFFBBFFu;
    if (!finite && random() % 16 == 0) word = 0x7F800000u;
    if (!finite && random() % 16 == 0) word = 0xFC00FC00u;
  }
  return all;
}

struct Pieces {
  int64_t n, shift;  // elements; elements from 16-byte aligned memory
};

Pieces pieces(unsigned number) {
  const Pieces all[] = {{1, 0}, {1, 1}, {7, 1}, {300, 0}, {4099, 3}, {50001, 1}, {65536, 0}};
  return all[number % 7];
}

}  // namespace

TEST_CASE("blocks find the CPU's range", "[block]") {
  const auto element = GENERATE(ElementType::kFp32, ElementType::kFp16, ElementType::kBf16);
  const auto number = GENERATE(range(0u, 14u));
  const auto [n, shift] = pieces(number);
  const auto memory = words(n + 4, number, number >= 7);
  const auto* x = reinterpret_cast<const char*>(memory.data()) + shift * element_bytes(element);
  CHECK(sees_the_range_of_the_cpu(element, x, n, number, Shuffled{}));
}

TEST_CASE("blocks find the CPU's steps of channels", "[block]") {
  const auto element = GENERATE(ElementType::kFp32, ElementType::kFp16, ElementType::kBf16);
  const auto stored = GENERATE(Stored::kInt16, Stored::kInt8, Stored::kInt4);
  const auto channels = GENERATE(int64_t{1}, int64_t{2}, int64_t{7}, int64_t{300});
  const auto run = GENERATE(int64_t{1}, int64_t{9}, int64_t{1001});
  const auto finite = GENERATE(false, true);
  auto memory = words(channels * run + 4, static_cast<unsigned>(run), finite);
  auto* x = reinterpret_cast<char*>(memory.data()) + element_bytes(element);
  if (channels == 7) std::fill_n(x, run * element_bytes(element), char{0});  // the first is dead
  CHECK(sees_the_channels_of_the_cpu(element, stored, x, channels, run, 5, Shuffled{}));
}

TEST_CASE("blocks count the CPU's flips", "[block]") {
  const auto element = GENERATE(ElementType::kFp32, ElementType::kFp16, ElementType::kBf16,
                                ElementType::kRaw8, ElementType::kRaw16, ElementType::kRaw32);
  const int stored = GENERATE(range(0, 6));
  const auto number = GENERATE(range(0u, 7u));
  const auto [n, shift] = pieces(number);
  const auto before = words(n + 8, 1, true);
  auto after = before;
  std::mt19937 random(number);
  // From no flip at all to many.
  for (uint32_t& word : after) {
    if (number % 3 > 0 && random() % (number % 3 == 1 ? 50 : 1) == 0) word ^= random() & random();
  }
  const int64_t size = element_bytes(element);
  const auto* x = reinterpret_cast<const char*>(before.data()) + shift * size;
  const auto* y = reinterpret_cast<const char*>(after.data()) + (number == 3 ? 1 : shift) * size;
  CHECK(counts_the_flips_of_the_cpu(element, static_cast<Stored>(stored), x, y, n, number,
                                    Shuffled{}));
}

TEST_CASE("blocks keep the CPU's gradients", "[block]") {
  const auto element = GENERATE(ElementType::kFp32, ElementType::kFp16);
  const auto number = GENERATE(range(0u, 7u));
  const auto [n, shift] = pieces(number);
  const auto grad = words(n + 8, 1, false);
  const auto marks = words(n / 32 + 1, 2, false);
  const int64_t size = element_bytes(element);
  const auto* from = reinterpret_cast<const char*>(grad.data()) + shift * size;
  const auto* mask = reinterpret_cast<const uint8_t*>(marks.data());
  std::vector<uint32_t> expected(grad.size(), 7), found(grad.size(), 7);
  keep_plausible_cpu(from, mask, reinterpret_cast<char*>(expected.data()) + shift * size, element,
                     0, n);
  char* to = reinterpret_cast<char*>(found.data()) + shift * size;
  run_grid(number, Shuffled{}, [&, n = n](auto& block, GridPart part) {
    if (element == ElementType::kFp32) keep_plausible<uint32_t>(block, part, from, mask, to, n);
    if (element == ElementType::kFp16) keep_plausible<uint16_t>(block, part, from, mask, to, n);
  });
  CHECK(found == expected);
}

TEST_CASE("the threads of a measuring block meet often enough", "[block]") {
  constexpr int64_t kElements = 4099;
  const auto before = words(kElements, 1, false), after = words(kElements, 2, false);
  const auto* x = reinterpret_cast<const char*>(before.data());
  const auto* y = reinterpret_cast<const char*>(after.data());
  for (unsigned seed = 1; seed <= 3; ++seed) {
    CHECK(sees_the_range_of_the_cpu(ElementType::kFp32, x, kElements, seed, OnThreads{3}));
    CHECK(sees_the_channels_of_the_cpu(ElementType::kFp32, Stored::kInt8, x, 5, 700, seed,
                                       OnThreads{3}));
    CHECK(counts_the_flips_of_the_cpu(ElementType::kFp32, Stored::kInt8, x, y, kElements, seed,
                                      OnThreads{3}));
  }
}
