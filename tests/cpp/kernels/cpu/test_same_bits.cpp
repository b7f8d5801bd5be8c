#include <cstdint>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "kernels/access/check.h"
#include "kernels/cpu/count_flips.h"
#include "kernels/cpu/inject.h"
#include "kernels/cpu/weak_cells.h"
#include "kernels/cpu/weight_range.h"
#include "kernels/law/lower.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/kernels/cpu/injection.h"

// What one machine computed, every other must compute: other tests compare a machine with itself.
// A change of the law or of a format changes these numbers, and nothing else may.

using namespace eden;

namespace {

// FNV-1a (Fowler, Noll, Vo) of 64 bits, over bytes.
class Digest {
 public:
  void add(const void* data, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) {
      state_ = (state_ ^ static_cast<const uint8_t*>(data)[i]) * 0x100000001B3u;
    }
  }
  template <class T>
  void add(const std::vector<T>& values) {
    add(values.data(), values.size() * sizeof(T));
  }
  std::string text() const {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(state_));
    return digits;
  }

 private:
  uint64_t state_ = 0xCBF29CE484222325u;
};

constexpr Stored kAllStored[] = {Stored::kFp32,  Stored::kFp16, Stored::kBf16,
                                 Stored::kInt16, Stored::kInt8, Stored::kInt4};
constexpr ElementType kFloats[] = {ElementType::kFp32, ElementType::kFp16, ElementType::kBf16};

// Numbers of every kind: of the type's whole range, infinite, NaN, subnormal; `mask` keeps some
// out.
std::vector<uint32_t> any_bits(size_t words, uint32_t mask = ~0u) {
  std::mt19937 random(17);
  std::vector<uint32_t> bits(words);
  for (uint32_t& word : bits) word = static_cast<uint32_t>(random());
  for (size_t i = 0; i < words; i += 5) bits[i] &= 0x807F807Fu;
  for (size_t i = 1; i < words; i += 50) bits[i] |= 0x7F807F80u;
  for (uint32_t& word : bits) word &= mask;
  return bits;
}

// An injection of which nothing depends on the C++ library, as a shuffled order does.
Injection known_injection(Lookup lookup, Stored stored, int64_t copies, int64_t elements) {
  Injection injection(lookup, stored, copies, elements);
  std::iota(injection.order.begin(), injection.order.end(), 0);
  return injection;
}

void read_into(Digest* digest, Injection* injection) {
  const InjectParams& params = injection->pointed();
  REQUIRE(problem_of_arrays(params) == "");
  const InjectPlan plan(params, 2);
  plan.run(0, plan.units());
  digest->add(injection->output);
  digest->add(injection->corrected);
}

}  // namespace

TEST_CASE("every machine reads the same bits", "[same]") {
  const auto [lookup, expected] = GENERATE(table<Lookup, std::string>({
      {Lookup::kCell, "21125cc174358e55"},
      {Lookup::kBitline, "0bb87f7add81c3b3"},
      {Lookup::kWordline, "068b9c183d5dc1a6"},
      {Lookup::kKnown, "fe425862a6bfda65"},
  }));
  Digest digest;
  for (const Stored stored : kAllStored) {
    for (const ElementType element : kFloats) {
      for (const auto correction : {Correction::kOff, Correction::kZero, Correction::kSaturate}) {
        Injection injection = known_injection(lookup, stored, 2, 4000);
        const std::vector<uint32_t> any = any_bits(4000);
        std::memcpy(injection.input.data(), any.data(), 4 * any.size());
        injection.params.element = element;
        if (element != ElementType::kFp32) injection.params.elements *= 2;
        injection.params.correction = correction;
        injection.corrected.assign(2000, 0);
        read_into(&digest, &injection);
      }
    }
  }
  CHECK(digest.text() == expected);
}

TEST_CASE("every machine finds the same weak cells", "[same]") {
  const auto [lookup, expected] = GENERATE(table<Lookup, std::string>({
      {Lookup::kCell, "1390da51c9ccf3af"},
      {Lookup::kBitline, "93afc48e74259944"},
      {Lookup::kWordline, "2263d864a0945d52"},
      {Lookup::kKnown, "3fe5aa571fda6ba4"},
  }));
  Injection injection = known_injection(lookup, Stored::kInt8, 7, 9002);
  WeakCellsPlan plan(injection.pointed(), INT64_MAX);
  plan.run(0, plan.units());
  std::vector<int32_t> words(static_cast<size_t>(plan.words()));
  REQUIRE(!words.empty());
  plan.write(words.data());
  Digest digest;
  digest.add(words);
  CHECK(digest.text() == expected);
}

TEST_CASE("every machine measures the same", "[same]") {
  const std::vector<uint32_t> x = any_bits(6000);
  const std::vector<uint32_t> finite = any_bits(6000, 0xBFFFBFFFu);
  std::vector<uint32_t> y = finite;
  for (size_t i = 0; i < y.size(); ++i) y[i] ^= uint32_t{1} << i % 32;
  Digest digest;
  for (const ElementType element : kFloats) {
    const int64_t n = element == ElementType::kFp32 ? 6000 : 12000;
    for (const Stored stored : kAllStored) {
      std::vector<int64_t> counts(64);
      count_flips_cpu(finite.data(), y.data(), element, stored, 0.003f, n, counts.data());
      digest.add(counts);
      for (const auto* values : {&x, &finite}) {
        const Range range = range_cpu(values->data(), element, n);
        Bounds bounds, widest;
        float step;
        std::vector<float> steps(static_cast<size_t>(n / 20));
        weight_range_cpu(range, stored, &bounds, &step);
        channel_range_cpu(values->data(), element, n / 20, 20, stored, &widest, steps.data());
        for (const float value : {range.lowest, range.highest, range.greatest, bounds.lo, bounds.hi,
                                  step, widest.lo, widest.hi}) {
          digest.add(&value, sizeof value);
        }
        digest.add(steps);
      }
    }
  }
  CHECK(digest.text() == "c56d63218cf85cc4");
}

TEST_CASE("every machine lowers to the same table", "[same]") {
  Digest digest;
  for (double p = 0x1p-80; p < 1.0; p *= 1.0371) {
    const TableEntry entry = lower(p, 1.0 - p, p / 3.0);
    digest.add(&entry.stress, sizeof entry.stress);
    digest.add(&entry.dense, sizeof entry.dense);
    digest.add(&entry.fail_one, sizeof entry.fail_one);
    digest.add(&entry.fail_zero, sizeof entry.fail_zero);
  }
  CHECK(digest.text() == "b98703641670b9c6");
}
