#include <pthread.h>

#include <cstdint>
#include <vector>

#include "kernels/access/check.h"
#include "kernels/cpu/count_flips.h"
#include "kernels/cpu/image.h"
#include "kernels/cpu/inject.h"
#include "kernels/cpu/keep_plausible.h"
#include "kernels/cpu/weak_cells.h"
#include "kernels/cpu/weight_range.h"
#include "kernels/law/lower.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/kernels/cpu/injection.h"

// What docs/performance.md says of the stack.

using namespace eden;

namespace {

constexpr size_t kStack = size_t{128} << 10;

// Runs a function on a thread with a stack of so many bytes. A page in front of it is no memory, so
// one byte too many ends the program.
template <class Run>
void on_small_stack(Run run) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, kStack) == 0);
  pthread_t thread;
  const auto start = [](void* argument) -> void* {
    (*static_cast<Run*>(argument))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, start, &run) == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  pthread_attr_destroy(&attributes);
}

}  // namespace

TEST_CASE("a thread with a stack of 128 KiB reads and keeps", "[stack]") {
  const auto lookup = GENERATE(Lookup::kCell, Lookup::kBitline, Lookup::kWordline, Lookup::kKnown);
  const auto stored = GENERATE(Stored::kFp32, Stored::kInt8, Stored::kInt4);
  const bool survivors = GENERATE(false, true);
  // Sparse cells alone, and dense ones.
  const double weak = GENERATE(1e-3, 0.3);
  Injection injection(lookup, stored, 2, 40000);
  injection.table.resize(lookup == Lookup::kWordline ? 6000 : injection.table.size());
  injection.params.entries = static_cast<int64_t>(injection.table.size());
  for (TableEntry& entry : injection.table) {
    entry = survivors ? lower(weak, 0.5, 0.25) : lower(weak, 1.0, 1.0);
  }
  for (size_t i = 0; lookup == Lookup::kKnown && i < injection.table.size(); ++i) {
    injection.table[i].stress = 65000 + 7 * i;
  }
  InjectParams params = injection.pointed();
  params.touched = true;
  REQUIRE(problem_of(params, static_cast<int64_t>(4 * injection.output.size())).empty());
  const InjectPlan expected(params, 1);
  expected.run(0, expected.units());
  const std::vector<float> output = injection.output;
  std::vector<int32_t> kept;
  on_small_stack([&] {
    const InjectPlan plan(params, 1, 0);
    plan.run(0, plan.units());
    WeakCellsPlan cells(params, INT64_MAX);
    cells.run(0, cells.units());
    kept.resize(static_cast<size_t>(cells.words()));
    cells.write(kept.data());
  });
  CHECK(injection.output == output);
  params.kept = kept.data();
  params.kept_words = static_cast<int64_t>(kept.size());
  on_small_stack([&] {
    const InjectPlan plan(params, 1);
    plan.run(0, plan.units());
  });
  CHECK(injection.output == output);
}

TEST_CASE("a thread with a stack of 128 KiB measures", "[stack]") {
  const auto stored = GENERATE(Stored::kFp32, Stored::kInt8, Stored::kInt4);
  const std::vector<float> x(5000, 0.25f), y(5000, -0.5f);
  std::vector<int64_t> counts(64);
  std::vector<float> grad(5000);
  const std::vector<uint8_t> corrected(625, 0x55);
  Bounds bounds{};
  float step = 0;
  on_small_stack([&] {
    count_flips_cpu(x.data(), y.data(), ElementType::kFp32, stored, 0.01f, 5000, counts.data());
    weight_range_cpu(range_cpu(x.data(), ElementType::kFp32, 5000), stored, &bounds, &step);
    keep_plausible_cpu(x.data(), corrected.data(), grad.data(), ElementType::kFp32, 0, 5000);
  });
  CHECK(counts[2 * (stored == Stored::kFp32 ? 31 : stored == Stored::kInt8 ? 7 : 3)] == 5000);
  CHECK(step > 0);
  CHECK(grad[0] == 0.0f);
  CHECK(grad[1] == 0.25f);
}

TEST_CASE("a thread with a stack of 128 KiB makes and reads an image", "[stack]") {
  const auto stored = GENERATE(Stored::kFp32, Stored::kInt8, Stored::kInt4);
  const bool planes = GENERATE(false, true);
  const std::vector<float> x(8000, 0.25f);
  std::vector<float> y(x.size());
  std::vector<uint8_t> image(4 * x.size()), marks(x.size() / 8, 0xFF);
  const float scale = 0.25f, bounds[] = {-1.0f, 1.0f};
  ImageParams p{};
  p.image = image.data();
  p.planes = planes;
  p.embedded = 1;
  p.coding.input = x.data();
  p.coding.output = y.data();
  p.coding.corrected = marks.data();
  p.coding.elements = 8000;
  p.coding.copies = 1;
  p.coding.element = ElementType::kFp32;
  p.coding.stored = stored;
  p.coding.scales = &scale;
  p.coding.scale_count = 1;
  p.coding.bounds = bounds;
  p.coding.correction = Correction::kZero;
  on_small_stack([&] {
    encode_image_cpu(p, 0, 1000);
    decode_image_cpu(p, 0, 1000);
  });
  // One step of an integer format rounds to 0: with copies of a bit only each fourth code is left.
  CHECK(y == std::vector<float>(x.size(), stored == Stored::kFp32 ? 0.25f : 0.0f));
  CHECK(marks == std::vector<uint8_t>(marks.size(), 0));
}
