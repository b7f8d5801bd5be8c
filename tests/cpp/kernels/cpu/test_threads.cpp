#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "kernels/cpu/inject.h"
#include "kernels/cpu/weak_cells.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/kernels/cpu/injection.h"

// What ThreadSanitizer is to see (-DEDEN_SANITIZE=thread): units of one injection on several
// threads, where neighbours share bytes of the mask of corrected values.

using namespace eden;

namespace {

constexpr int kThreads = 4;

// One unit at a time to whoever is free: neighbours meet on different threads.
template <class Plan>
void run_on(int threads, Plan& plan) {
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    for (int64_t unit = next++; unit < plan.units(); unit = next++) plan.run(unit, unit + 1);
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
}

struct Loaded {
  std::vector<float> values;
  std::vector<uint8_t> corrected;
};

// Half of the cells are weak and fail, so that values next to every unit's end are corrected.
Loaded load(Stored stored, int64_t copies, int64_t elements, int64_t address, int threads,
            int64_t streamed_bytes) {
  const size_t n = static_cast<size_t>(copies * elements);
  const std::vector<float> input(n, 0.5f);
  const TableEntry entry{kDenseStart, kAlways / 2, kAlways, kAlways / 2};
  const std::vector<uint64_t> key{1, 2};
  const std::vector<float> bounds{-0.6f, 0.6f};
  const float scale = 0.1f;
  Loaded loaded{std::vector<float>(n), std::vector<uint8_t>((n + 7) / 8)};
  InjectParams params{};
  params.input = input.data();
  params.output = loaded.values.data();
  params.corrected = loaded.corrected.data();
  params.table = &entry;
  params.entries = 1;
  params.key = key.data();
  params.bounds = bounds.data();
  params.correction = Correction::kSaturate;
  params.element = ElementType::kFp32;
  params.stored = stored;
  if (stored >= Stored::kInt16) {
    params.scales = &scale;
    params.scale_count = 1;
  }
  params.elements = elements;
  params.copies = copies;
  params.address = address;
  params.row_bytes = 8192;
  params.touched = true;

  const InjectPlan plan(params, threads, streamed_bytes);
  REQUIRE(plan.units() >= threads);
  run_on(threads, plan);
  return loaded;
}

}  // namespace

TEST_CASE("threads agree on values and marks", "[threads]") {
  const auto stored = GENERATE(Stored::kFp32, Stored::kBf16, Stored::kInt8, Stored::kInt4);
  // A tensor of several segments whose ends lie within a byte of the mask, and copies of an odd
  // number of elements, which are cut among the threads.
  const auto [copies, elements, address] =
      GENERATE(table<int64_t, int64_t, int64_t>({{1, 70001, 8192 - 12}, {37, 1003, 4}}));
  const Loaded alone = load(stored, copies, elements, address, 1, kStreamedBytes);
  // As it is, and as a tensor that does not fit into the caches is written.
  const int64_t streamed_bytes = GENERATE(kStreamedBytes, int64_t{0});
  const Loaded together = load(stored, copies, elements, address, kThreads, streamed_bytes);
  CHECK(together.values == alone.values);
  CHECK(together.corrected == alone.corrected);
  CHECK(std::any_of(alone.corrected.begin(), alone.corrected.end(), [](int b) { return b != 0; }));
}

TEST_CASE("threads agree on the weak cells to keep", "[threads]") {
  Injection injection(Lookup::kBitline, Stored::kFp32, 1, 30000);
  const auto kept = [&](int threads) {
    WeakCellsPlan plan(injection.pointed(), INT64_MAX);
    run_on(threads, plan);
    std::vector<int32_t> words(static_cast<size_t>(plan.words()));
    plan.write(words.data());
    return words;
  };
  const std::vector<int32_t> alone = kept(1);
  CHECK(alone.size() > 10000);
  CHECK(kept(kThreads) == alone);
}
