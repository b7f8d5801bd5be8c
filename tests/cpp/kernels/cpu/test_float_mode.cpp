#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/access/check.h"
#include "kernels/cpu/count_flips.h"
#include "kernels/cpu/inject.h"
#include "kernels/cpu/weight_range.h"
#include "kernels/law/lower.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/kernels/cpu/injection.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

// The modes that a caller may have set for its own floats change none of ours, and are still set
// when a kernel is done.

using namespace eden;

namespace {

// What of the floats fenv.h has no name for: that subnormals are zeros.
#if defined(__SSE2__)
constexpr unsigned kFlush = 0x8040u;
unsigned control() { return _mm_getcsr(); }
void set_control(unsigned bits) { _mm_setcsr(bits); }
#elif defined(__aarch64__)
constexpr uint64_t kFlush = uint64_t{1} << 24;
uint64_t control() {
  uint64_t bits;
  asm volatile("mrs %0, fpcr" : "=r"(bits));
  return bits;
}
void set_control(uint64_t bits) { asm volatile("msr fpcr, %0" ::"r"(bits) : "memory"); }
#else
constexpr unsigned kFlush = 0;
unsigned control() { return 0; }
void set_control(unsigned) {}
#endif

enum class Mode { kUpward, kDownward, kTowardZero, kFlushToZero };

// A mode of the processor until the end of a scope.
class Set {
 public:
  explicit Set(Mode mode) : mode_(mode) {
    std::fegetenv(&before_);
    if (mode == Mode::kUpward) std::fesetround(FE_UPWARD);
    if (mode == Mode::kDownward) std::fesetround(FE_DOWNWARD);
    if (mode == Mode::kTowardZero) std::fesetround(FE_TOWARDZERO);
    if (mode == Mode::kFlushToZero) set_control(control() | kFlush);
    rounding_ = std::fegetround();
  }
  ~Set() { std::fesetenv(&before_); }

  bool still() const {
    if (mode_ == Mode::kFlushToZero && (control() & kFlush) != kFlush) return false;
    return std::fegetround() == rounding_;
  }

 private:
  Mode mode_;
  std::fenv_t before_;
  int rounding_;
};

Mode any_mode() {
  return GENERATE(Mode::kUpward, Mode::kDownward, Mode::kTowardZero, Mode::kFlushToZero);
}
Stored any_stored() {
  return GENERATE(Stored::kFp32, Stored::kFp16, Stored::kBf16, Stored::kInt16, Stored::kInt8,
                  Stored::kInt4);
}
ElementType any_element() {
  return GENERATE(ElementType::kFp32, ElementType::kFp16, ElementType::kBf16);
}

// What run(mode) returns in a mode, and with none set.
template <class Run>
void check_same(Mode mode, Run run) {
  const auto expected = run();
  const Set set(mode);
  const auto found = run();
  const bool same = found == expected;
  const bool still = set.still();
  CHECK(same);
  CHECK(still);
}

}  // namespace

TEST_CASE("no mode of the processor changes an injection", "[mode]") {
  const auto mode = any_mode();
  const auto element = any_element();
  const auto stored = any_stored();
  const auto streamed_bytes = GENERATE(kStreamedBytes, int64_t{0});
  Injection injection(Lookup::kCell, stored, 2, 4000);
  // Halves of floats are any numbers, and some floats are subnormal.
  injection.params.element = element;
  if (element != ElementType::kFp32) injection.params.elements *= 2;
  for (size_t i = 0; i < injection.input.size(); i += 7) injection.input[i] *= 0x1p-127f;
  // Below zero, however little, is beyond these bounds.
  injection.bounds = {0.0f, 0.8f};
  injection.params.touched = true;
  check_same(mode, [&] {
    injection.corrected.assign(2000, 0);
    const InjectPlan plan(injection.pointed(), 1, streamed_bytes);
    plan.run(0, plan.units());
    std::vector<uint32_t> bits(injection.output.size());
    std::memcpy(bits.data(), injection.output.data(), 4 * bits.size());
    bits.insert(bits.end(), injection.corrected.begin(), injection.corrected.end());
    return bits;
  });
}

TEST_CASE("no mode of the processor changes what is measured", "[mode]") {
  const auto mode = any_mode();
  const auto element = any_element();
  const auto stored = any_stored();
  std::mt19937 random(3);
  std::vector<uint32_t> x(3000), y(3000);
  for (size_t i = 0; i < x.size(); ++i) {
    // Numbers below 1 of every type, subnormal or not.
    x[i] = static_cast<uint32_t>(random()) & 0xBBFFBBFFu;
    y[i] = x[i] ^ (uint32_t{1} << random() % 16);
  }
  const int64_t n = element == ElementType::kFp32 ? 3000 : 6000;
  const std::vector<uint32_t> tiny{0x00010002u, 0x80038004u};  // subnormal in every type
  check_same(mode, [&] {
    std::vector<int64_t> counts(64);
    count_flips_cpu(x.data(), y.data(), element, stored, 0.003f, n, counts.data());
    return counts;
  });
  for (const int64_t part : {int64_t{1}, n}) {
    check_same(mode, [&] {
      const Range range = both(range_cpu(x.data(), element, part), range_cpu(y.data(), element, n));
      Bounds bounds, small;
      float step, small_step;
      weight_range_cpu(range, stored, &bounds, &step);
      weight_range_cpu(range_cpu(tiny.data(), element, 2), stored, &small, &small_step);
      Bounds widest;
      float steps[2] = {};
      channel_range_cpu(x.data(), element, 2, part / 2, Stored::kInt8, &widest, steps);
      std::vector<uint32_t> bits;
      for (const float value :
           {range.lowest, range.highest, range.greatest, bounds.lo, bounds.hi, step, widest.lo,
            widest.hi, steps[0], steps[1], small.lo, small.hi, small_step}) {
        bits.push_back(bits_from_float(value));
      }
      return bits;
    });
  }
}

TEST_CASE("no mode of the processor changes a table", "[mode]") {
  const auto mode = any_mode();
  std::vector<double> probabilities;
  for (double p = 0x1p-70; p < 1.0; p *= 1.7) probabilities.push_back(p);
  check_same(mode, [&] {
    std::vector<uint64_t> table;
    for (const double p : probabilities) {
      const TableEntry entry = lower(p, p, 1.0);
      table.insert(table.end(), {entry.stress, entry.dense, entry.fail_one, entry.fail_zero});
    }
    return table;
  });
}
