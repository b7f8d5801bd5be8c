// A set of parameters that passes the checks must never crash, overflow, or touch other memory.
//
// Bytes become an injection, its arrays exactly as long as it says, each in an allocation of its
// own, so that AddressSanitizer sees the first byte beyond. Built by -DEDEN_FUZZ=ON.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "kernels/access/check.h"
#include "kernels/cpu/inject.h"
#include "kernels/cpu/weak_cells.h"
#include "kernels/formats/dispatch.h"

using namespace eden;

namespace {

// Values from the fuzzer's bytes; zeros once they are used up.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  template <class T>
  T take() {
    T value{};
    const size_t some = std::min(sizeof value, size_);
    std::memcpy(&value, data_, some);
    data_ += some;
    size_ -= some;
    return value;
  }

  // Mostly a number from 0 to `usual`, now and then any number at all.
  int64_t number(int64_t usual) {
    const auto kind = take<uint8_t>();
    if (kind == 255) return take<int64_t>();
    if (kind == 254) return INT64_MAX - take<uint8_t>();
    if (kind == 253) return -static_cast<int64_t>(take<uint8_t>());
    return take<uint32_t>() % (usual + 1);
  }

  // `count` values, the bytes repeated as often as it takes. The memory ends where they end.
  template <class T>
  std::unique_ptr<T[]> array(int64_t count) {
    auto values = std::make_unique<T[]>(static_cast<size_t>(count));
    uint8_t pattern[32];
    for (uint8_t& byte : pattern) byte = take<uint8_t>();
    auto* bytes = reinterpret_cast<uint8_t*>(values.get());
    const size_t size = static_cast<size_t>(count) * sizeof(T);
    for (size_t i = 0; i < size; i += 32) {
      std::memcpy(bytes + i, pattern, std::min<size_t>(32, size - i));
      ++pattern[i / 32 % 32];
    }
    return values;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

// Arrays of this many entries are made at most; what says it has more is only checked.
constexpr int64_t kMostEntries = 8 * 128;
constexpr int64_t kMostElements = 1 << 14;

int64_t bytes_of_element(ElementType element) {
  if (element == ElementType::kRaw8) return 1;
  return element == ElementType::kFp32 || element == ElementType::kRaw32 ? 4 : 2;
}

// Stress and thresholds that mean something, and those that no lowering makes.
void make_plausible(TableEntry* table, int64_t entries) {
  for (int64_t i = 0; i < entries; ++i) {
    TableEntry& entry = table[i];
    switch (entry.stress % 4) {
      case 0:
        entry.stress >>= 6 + entry.stress % 23;
        entry.dense = 0;
        break;
      case 1:
        entry.stress = kDenseStart;
        if (entry.dense % 3 == 0) entry.dense = kAlways;
        break;
      case 2:
        entry.fail_one = entry.fail_zero = kAlways;
        break;
      default:
        break;
    }
  }
}

bool fits(int64_t value, int64_t most) { return value >= 0 && value <= most; }

void run(const InjectParams& params, int threads, bool streaming) {
  const InjectPlan plan(params, threads, streaming ? 0 : kStreamedBytes);
  // Backwards and in two cuts: units stand alone.
  const int64_t middle = plan.units() / 2;
  plan.run(middle, plan.units());
  plan.run(0, middle);
}

// Arrays are made for what the numbers ask; `problem_of` follows no pointer, so it needs none.
void try_one(Bytes bytes) {
  InjectParams p{};
  // Which rule is broken on purpose; most of the numbers break none.
  const auto choice = bytes.take<uint8_t>();
  p.element = static_cast<ElementType>(bytes.take<uint8_t>() % 6);
  p.stored = static_cast<Stored>(bytes.number(5));
  p.lookup = static_cast<Lookup>(bytes.number(3));
  p.correction = static_cast<Correction>(bytes.number(2));
  p.elements = bytes.number(bytes.take<uint8_t>() % 16 == 0 ? 2500 : 70);
  p.copies = bytes.number(6);
  p.first_copy = bytes.number(1000);
  // Often just before the end of a segment, so that few elements make two units.
  p.address = bytes.number(64);
  if (p.address <= 64 && bytes.take<uint8_t>() % 2 == 0) p.address += 8192 - 64;
  if (choice % 16 != 11) p.address -= p.address % 4;
  p.row_bytes = bytes.take<uint8_t>() % 8 == 0 ? bytes.number(8192)
                                               : int64_t{64} << bytes.take<uint8_t>() % 2;
  p.entries = p.lookup == Lookup::kCell      ? 1
              : p.lookup == Lookup::kBitline ? 8 * (p.row_bytes & 0xFFFF)
                                             : 0;
  if (choice % 16 == 0 || p.lookup >= Lookup::kWordline) p.entries = bytes.number(kMostEntries);
  p.ranks = p.lookup == Lookup::kBitline ? p.entries : 0;
  if (choice % 16 == 1) p.ranks = bytes.number(kMostEntries);
  p.scale_count = p.stored >= Stored::kInt16 ? 1 + bytes.take<uint8_t>() % 4 : 0;
  if (choice % 16 == 2) p.scale_count = bytes.number(20);

  if (!fits(p.entries, kMostEntries) || !fits(p.ranks, kMostEntries) ||
      !fits(p.scale_count, kMostEntries)) {
    problem_of(p, bytes.take<int64_t>());
    return;
  }
  const bool small = fits(p.elements, kMostElements) && fits(p.copies, kMostElements) &&
                     p.elements * p.copies <= kMostElements;
  const int64_t n = small ? p.elements * p.copies : 0;
  const int64_t size = n * bytes_of_element(p.element);
  const auto table = bytes.array<TableEntry>(p.entries);
  make_plausible(table.get(), p.entries);
  const auto cells = 8 * static_cast<uint64_t>(p.address);
  for (int64_t i = 0; p.lookup == Lookup::kKnown && choice % 16 != 12 && i < p.entries; ++i) {
    table[i].stress = cells + 3 * static_cast<uint64_t>(i);
  }
  const auto order = bytes.array<int32_t>(p.ranks);
  const bool permuted = choice % 16 != 3;
  for (int64_t i = 0; permuted && i < p.ranks; ++i)
    order[i] = static_cast<int32_t>(p.ranks - 1 - i);
  const auto scales = bytes.array<float>(p.scale_count);
  if (choice % 16 != 4) {
    for (int64_t i = 0; i < p.scale_count; ++i) scales[i] = 0x1p-8f * static_cast<float>(i + 1);
  }
  const auto bounds = bytes.array<float>(2);
  if (choice % 16 != 5 && !(bounds[0] <= bounds[1])) bounds[0] = bounds[1] = 0.0f;
  const auto key = bytes.array<uint64_t>(2);
  // `new char` is aligned for every element; the input begins one element late, as a slice does.
  const int64_t late = bytes_of_element(p.element) * (choice % 2);
  const auto input = bytes.array<uint8_t>(size + late);
  const auto output = std::make_unique<uint8_t[]>(static_cast<size_t>(size));
  const auto corrected = std::make_unique<uint8_t[]>(static_cast<size_t>((n + 7) / 8));
  p.table = table.get();
  p.rank_columns = p.lookup == Lookup::kBitline && choice % 16 != 6 ? order.get() : nullptr;
  p.scales = choice % 16 != 7 && p.scale_count > 0 ? scales.get() : nullptr;
  p.bounds = choice % 16 != 8 ? bounds.get() : nullptr;
  p.key = key.get();
  p.input = input.get() + late;
  p.output = choice % 16 == 9 ? input.get() : output.get();
  p.corrected = choice % 3 == 0 ? nullptr : corrected.get();

  // Weak cells that a plan found, with a word changed now and then; or any words.
  std::vector<int32_t> kept;
  const auto keep = bytes.take<uint8_t>() % 8;
  if (keep < 4 && small && problem_of_cells(p).empty() && problem_of_order(p).empty()) {
    WeakCellsPlan plan(p, int64_t{1} << (keep == 0 ? 8 : 24));
    plan.run(0, plan.units());
    kept.resize(static_cast<size_t>(plan.words()));
    if (!kept.empty()) plan.write(kept.data());
    if (keep == 1 && !kept.empty())
      kept[bytes.take<uint8_t>() % kept.size()] = bytes.take<int32_t>();
  } else if (keep == 4) {
    kept.resize(bytes.take<uint8_t>());
    for (int32_t& word : kept) word = static_cast<int32_t>(bytes.number(8));
  }
  // Exactly as long as it says, in an allocation of its own.
  const auto words = std::make_unique<int32_t[]>(kept.size());
  std::copy(kept.begin(), kept.end(), words.get());
  p.kept = kept.empty() ? nullptr : words.get();
  p.kept_words = static_cast<int64_t>(kept.size());

  const int64_t out_bytes = choice % 16 == 10 ? bytes.take<int64_t>() : size;
  if (!problem_of(p, out_bytes).empty() || !problem_of_arrays(p).empty()) return;
  if (!small) {
    // The checks must have refused it: no output has that many bytes.
    if (p.elements > 0 && p.copies > 0) std::abort();
    return;
  }
  p.touched = true;
  const auto how = bytes.take<uint8_t>();
  run(p, 1 + how % 8, how >= 128);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try_one(Bytes(data, size));
  return 0;
}
