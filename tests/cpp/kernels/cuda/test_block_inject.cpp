#include <cmath>
#include <cstring>

#include "kernels/access/check.h"
#include "kernels/cpu/inject.h"
#include "kernels/law/lower.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/kernels/cuda/block_case.h"
#include "tests/cpp/kernels/cuda/thread_block.h"

using namespace eden;

// The body of the CUDA kernel, run on the host, against the CPU kernel: bit for bit.

namespace {

enum class Model { kUniform, kBitline, kWordline, kData, kKnown };

// An injection with all that it points to. What is not said is drawn from a seed.
struct BlockCase {
  std::mt19937 random;
  std::vector<uint32_t> input, corrected;
  std::vector<TableEntry> table;
  std::vector<int32_t> order;
  std::vector<float> scales;
  std::vector<int64_t> numbers;
  std::vector<uint64_t> key{0x0123456789ABCDEFu, 0xFEDCBA9876543210u};
  std::vector<float> bounds{-0.75f, 1.5f};
  InjectParams p{};
  int64_t element_size, bytes;
  int64_t shift_in, shift_out;  // elements between 16-byte aligned memory and the tensor
  int64_t wanted;

  int64_t draw(int64_t below) { return static_cast<int64_t>(random() % below); }
  template <class T>
  T pick(std::initializer_list<T> from) {
    return from.begin()[draw(static_cast<int64_t>(from.size()))];
  }

  BlockCase(Model model, ElementType element, Stored stored, double rate, unsigned seed)
      : random(seed) {
    p.element = element;
    p.stored = stored;
    p.lookup = model == Model::kBitline    ? Lookup::kBitline
               : model == Model::kWordline ? Lookup::kWordline
               : model == Model::kKnown    ? Lookup::kKnown
                                           : Lookup::kCell;
    const int bits = stored_bits(element, stored);
    p.copies = pick<int64_t>({1, 1, 2, 5});
    p.elements = pick<int64_t>({1, 7, 130, 1000, 65536 / bits, 3 * 65536 / (2 * bits) + 5});
    p.first_copy = draw(1000);
    if (draw(3) == 0) {
      for (int64_t i = 0; i < p.copies; ++i) numbers.push_back(draw(1000));
    }
    p.row_bytes = int64_t{64} << draw(8);
    p.address = draw(20000) * 4;
    if (p.lookup != Lookup::kWordline && draw(2) == 0) p.address += int64_t{1} << (32 + draw(20));
    p.correction = element >= ElementType::kRaw8
                       ? Correction::kOff
                       : pick({Correction::kOff, Correction::kZero, Correction::kSaturate});
    element_size = element_bytes(element);
    bytes = element_size * p.elements * p.copies;
    shift_in = pick<int64_t>({0, 0, 1, 3, 16});
    shift_out = pick<int64_t>({0, shift_in, shift_in, 1, 2});
    wanted = pick<int64_t>({1, 3, 8192});
    if (element < ElementType::kRaw8 && stored >= Stored::kInt16) {
      const int64_t runs = pick<int64_t>({1, 1, 2, 5, p.elements});
      p.scale_count = p.elements % runs == 0 ? runs : 1;
      for (int64_t i = 0; i < p.scale_count; ++i) {
        scales.push_back(std::ldexp(1.0f + 0.1f * static_cast<float>(draw(9)), -bits));
      }
    }
    make_table(model, rate);
    make_input();
  }

  // About `rate` of the cells from some before the tensor to some after it.
  void make_known(double rate) {
    const auto bits = static_cast<uint64_t>(stored_bits(p.element, p.stored));
    const uint64_t begin = 8 * static_cast<uint64_t>(p.address);
    const uint64_t end = begin + bits * static_cast<uint64_t>(p.elements) + 100;
    const uint64_t stride = rate > 0 ? static_cast<uint64_t>(1 / rate) : end;
    uint64_t cell = begin > 100 ? begin - 100 : 0;
    for (; cell < end && table.size() < 20000; cell += 1 + random() % (2 * stride)) {
      const double one = pick({1.0, 1.0, 0.5, 0.001, 0.0});
      table.push_back(lower(0, one, pick({one, one, 1.0, 0.3})));
      table.back().stress = cell;
    }
    p.entries = static_cast<int64_t>(table.size());
  }

  void make_table(Model model, double rate) {
    if (model == Model::kKnown) return make_known(rate);
    p.entries = p.lookup == Lookup::kBitline    ? 8 * p.row_bytes
                : p.lookup == Lookup::kWordline ? (p.address + 4 * p.elements) / p.row_bytes + 1
                                                : 1;
    const double fails = pick({1.0, 1.0, 0.5, 0.3, 0.001, 0.0});
    const double fails_zero = model == Model::kData ? pick({1.0, 0.7, 0.0}) : fails;
    for (int64_t i = 0; i < p.entries; ++i) {
      double weak = rate;
      double fail = fails;
      if (p.lookup != Lookup::kCell) {
        // Most near the rate, some far from it, some never and some always.
        weak = std::min(1.0, rate * static_cast<double>(draw(3)));
        if (draw(32) == 0) weak = pick({0.0, 1e-6, 0.2});
        if (rate > 0 && draw(500) == 0) weak = 1.0;
        if (draw(16) == 0) fail = pick({0.0, 0.9, 1.0});
      }
      table.push_back(lower(weak, fail, model == Model::kData ? fails_zero : fail));
    }
    if (p.lookup != Lookup::kBitline) return;
    p.ranks = p.entries;
    order.resize(static_cast<size_t>(p.entries));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return table[static_cast<size_t>(a)].stress > table[static_cast<size_t>(b)].stress;
    });
    if (draw(2) == 0) std::shuffle(order.begin(), order.end(), random);
  }

  void make_input() {
    input.resize(static_cast<size_t>(bytes + 64 + 16 * element_size) / 4);
    for (uint32_t& word : input) word = static_cast<uint32_t>(random());
    // Half of the values plausible, the others anything: infinite, NaN, subnormal.
    for (uint32_t& word : input) {
      if (draw(2) == 0) continue;
      const float value = static_cast<float>(draw(4001)) / 2000.0f - 1.0f;
      word = p.element == ElementType::kFp32   ? bits_from_float(value)
             : p.element == ElementType::kFp16 ? Fp16::narrow(bits_from_float(value)) * 0x10001u
                                               : Bf16::narrow(bits_from_float(value)) * 0x10001u;
    }
  }

  // The output between bytes that must stay as they were, and the marks.
  template <class Run>
  std::vector<uint8_t> output_of(bool marked, Run run) {
    std::vector<Vector> memory(static_cast<size_t>(bytes + 32 * element_size) / 16 + 4);
    std::memset(memory.data(), 0xA5, memory.size() * sizeof(Vector));
    std::vector<Vector> source(input.size() / 4 + 1);
    std::memcpy(source.data(), input.data(), input.size() * 4);
    corrected.assign(static_cast<size_t>(p.elements * p.copies + 31) / 32, 0);
    p.input = reinterpret_cast<const uint8_t*>(source.data()) + shift_in * element_size;
    p.output = reinterpret_cast<uint8_t*>(memory.data()) + (16 + shift_out) * element_size;
    p.corrected = marked ? reinterpret_cast<uint8_t*>(corrected.data()) : nullptr;
    p.table = table.data();
    p.rank_columns = order.empty() ? nullptr : order.data();
    p.copy_numbers = numbers.empty() ? nullptr : numbers.data();
    p.scales = scales.empty() ? nullptr : scales.data();
    p.bounds = p.correction == Correction::kOff ? nullptr : bounds.data();
    p.key = key.data();
    REQUIRE(problem_of(p, bytes) == "");
    REQUIRE(problem_of_arrays(p) == "");
    run(p);
    const auto* from = reinterpret_cast<const uint8_t*>(memory.data());
    std::vector<uint8_t> all(from, from + memory.size() * sizeof(Vector));
    const auto* marks = reinterpret_cast<const uint8_t*>(corrected.data());
    all.insert(all.end(), marks, marks + 4 * corrected.size());
    return all;
  }
};

template <class Run>
bool same_as_cpu(BlockCase& c, unsigned seed, Run run_block) {
  const bool marked = c.draw(3) != 0;
  const auto expected = c.output_of(marked, [](const InjectParams& p) {
    const InjectPlan plan(p, 1);
    plan.run(0, plan.units());
  });
  return expected == c.output_of(marked, [&](const InjectParams& p) {
    inject_by_blocks(p, c.wanted, seed, run_block);
  });
}

}  // namespace

TEST_CASE("blocks of threads return the CPU's bits", "[block]") {
  const auto model =
      GENERATE(Model::kUniform, Model::kBitline, Model::kWordline, Model::kData, Model::kKnown);
  const auto element = GENERATE(ElementType::kFp32, ElementType::kFp16, ElementType::kBf16,
                                ElementType::kRaw8, ElementType::kRaw16, ElementType::kRaw32);
  int differing = 0;
  unsigned seed = 1000 * static_cast<unsigned>(model) + 100 * static_cast<unsigned>(element);
  for (int stored = 0; stored < (element < ElementType::kRaw8 ? 6 : 1); ++stored) {
    for (const double rate : {0.0, 1e-9, 1e-6, 1e-4, 1e-2, 5e-2, 0.5, 1.0}) {
      for (int repeat = 0; repeat < 3; ++repeat) {
        BlockCase c(model, element, static_cast<Stored>(stored), rate, ++seed);
        CAPTURE(stored, rate, seed, c.p.elements, c.p.copies, c.p.address, c.p.row_bytes);
        const bool same = same_as_cpu(c, seed, Shuffled{});
        if (!same) ++differing;
        CHECK(same);
      }
    }
  }
  CHECK(differing == 0);
}

TEST_CASE("the threads of a block meet often enough", "[block]") {
  const auto model =
      GENERATE(Model::kUniform, Model::kBitline, Model::kWordline, Model::kData, Model::kKnown);
  const double rate = GENERATE(1e-5, 0.01, 0.3);
  const auto [element, stored] = GENERATE(table<ElementType, Stored>(
      {{ElementType::kFp32, Stored::kInt8}, {ElementType::kFp16, Stored::kFp16}}));
  for (unsigned seed = 1; seed <= 3; ++seed) {
    BlockCase c(model, element, stored, rate, seed);
    c.wanted = 1;  // several copies in a unit
    CAPTURE(seed);
    CHECK(same_as_cpu(c, seed, OnThreads{3}));
  }
}

TEST_CASE("words that find their list full are decided at once", "[block]") {
  const uint64_t key = 42, dense = 0x7123456789abcdefu;
  const SegmentRange range{3, 0, 5, kSegmentBits - 40};
  SegmentShared s{};
  s.undecided.count = s.undecided.kMost;
  s.still_undecided.count = s.still_undecided.kMost;
  ShuffledBlock block(kInjectThreads, 7);
  add_dense(block, key, range, s, [&](int) { return EqualThresholds{dense}; });
  CHECK(s.undecided.count > s.undecided.kMost + 100);
  int differing = 0;
  for (int word = 0; word < kSegmentWords; ++word) {
    uint32_t within = 0;
    for (int lane = 0; lane < 32; ++lane) {
      const int bit = 32 * word + lane;
      within |= uint32_t{bit >= range.first && bit < range.last} << lane;
    }
    const uint32_t expected =
        below(key, 3 * kSegmentWords + static_cast<uint64_t>(word), Purpose::kDense, within,
              [&](int j) { return equal_plane(dense, j); });
    if (s.weak[word] != expected) ++differing;
  }
  CHECK(differing == 0);
}

TEST_CASE("elements past 2^31 lie where they should", "[block]") {
  // Only the last segment of the tensor is there; nothing else is touched.
  constexpr int64_t kElements = (int64_t{1} << 33) + 2000;
  BlockCase c(Model::kUniform, ElementType::kFp32, Stored::kFp32, 0.01, 1);
  c.p.correction = Correction::kZero;
  c.p.elements = kElements;
  c.p.copies = 1;
  c.p.address = 0;
  const InjectUnits units = inject_units(c.p);
  const int64_t last = units.segments - 1;
  const int64_t absent = last * 2048;
  std::vector<float> input(2048), expected(2048), found(2048);
  for (float& value : input) value = static_cast<float>(c.draw(2001)) / 1000.0f - 1.0f;
  std::vector<uint32_t> expected_marks(64), found_marks(64);
  const auto point_at = [&](std::vector<float>& output, std::vector<uint32_t>& marks) {
    const auto shifted = [&](auto* pointer, int64_t bytes) {
      return reinterpret_cast<uintptr_t>(pointer) - static_cast<uintptr_t>(bytes);
    };
    c.p.input = reinterpret_cast<const void*>(shifted(input.data(), 4 * absent));
    c.p.output = reinterpret_cast<void*>(shifted(output.data(), 4 * absent));
    c.p.corrected = reinterpret_cast<uint8_t*>(shifted(marks.data(), absent / 8));
    c.p.table = c.table.data();
    c.p.bounds = c.bounds.data();
    c.p.key = c.key.data();
  };
  point_at(expected, expected_marks);
  const InjectPlan plan(c.p, 1);
  REQUIRE(plan.units() == units.segments);
  plan.run(last, last + 1);
  point_at(found, found_marks);
  SegmentShared shared;
  ShuffledBlock block(kInjectThreads, 1);
  inject_unit<Fp32, FloatCodec<Fp32, Fp32>>(block, c.p, kPoisson, nullptr, units,
                                            InjectUnit{last, 0, 0}, shared, shared.weak);
  CHECK(found == expected);
  CHECK(found_marks == expected_marks);
  CHECK(std::count(found_marks.begin(), found_marks.end(), 0) < 64);
}

TEST_CASE("known cells that are in no order lead nowhere else", "[block]") {
  BlockCase c(Model::kKnown, ElementType::kFp32, Stored::kInt8, 0.01, 1);
  std::vector<TableEntry> wild = c.table;
  for (TableEntry& entry : wild) {
    entry.stress = (uint64_t{c.random()} << 32) + 8 * static_cast<uint64_t>(c.p.address);
    entry.dense = kAlways;
  }
  c.output_of(false, [&](InjectParams p) {
    p.table = wild.data();
    inject_by_blocks(p, 1, 1, Shuffled{});
  });
}

TEST_CASE("an order that is none does not lead outside of the table", "[block]") {
  BlockCase c(Model::kBitline, ElementType::kFp32, Stored::kFp32, 0.01, 1);
  std::vector<int32_t> wild(c.order.size());
  for (int32_t& column : wild) column = static_cast<int32_t>(c.random());
  c.output_of(false, [&](InjectParams p) {
    p.rank_columns = wild.data();
    inject_by_blocks(p, 1, 1, Shuffled{});
  });
}
