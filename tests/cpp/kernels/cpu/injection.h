#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/access/params.h"

// An injection with all that it points to: rows of 64 bytes, from 512 bytes before the end of
// segment 0 on, entries from far below the dense rung into it.
struct Injection {
  std::vector<float> input;
  std::vector<float> output;
  std::vector<uint8_t> corrected;
  std::vector<eden::TableEntry> table;
  std::vector<int32_t> order;
  std::vector<float> scales{0.2f, 0.3f};
  std::vector<uint64_t> key{11, 12};
  std::vector<float> bounds{-0.9f, 0.8f};
  eden::InjectParams params{};

  Injection(eden::Lookup lookup, eden::Stored stored, int64_t copies, int64_t elements) {
    constexpr uint64_t kHalf = uint64_t{1} << 63;
    constexpr int64_t kRowBytes = 64;
    constexpr int64_t kBitlines = 8 * kRowBytes;
    std::mt19937 random(1);
    input.resize(static_cast<size_t>(copies * elements));
    for (float& v : input) v = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
    output.resize(input.size());
    corrected.resize((input.size() + 7) / 8);
    const size_t entries = lookup == eden::Lookup::kCell      ? 1
                           : lookup == eden::Lookup::kBitline ? 512
                                                              : 1000;
    for (size_t i = 0; i < entries; ++i) {
      // From far below the dense rung into it, every kind of failure.
      const bool dense = i % 3 == 0;
      const uint64_t stress = dense ? eden::kDenseStart : eden::kDenseStart >> (i % 11);
      table.push_back(
          {stress, dense ? kHalf >> (i % 7) : 0, i % 5 == 0 ? eden::kAlways : kHalf, kHalf});
    }
    // Runs of neighbours, from before the tensor on; a third of the table is before segment 1.
    uint64_t cell = 57000;
    for (size_t i = 0; lookup == eden::Lookup::kKnown && i < entries; ++i) {
      table[i].stress = cell += i % 4 == 0 ? 1 + random() % 100 : 1;
      table[i].dense = 0;
    }
    order.resize(static_cast<size_t>(kBitlines));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    params.element = eden::ElementType::kFp32;
    params.stored = stored;
    params.lookup = lookup;
    params.entries = static_cast<int64_t>(entries);
    params.ranks = lookup == eden::Lookup::kBitline ? kBitlines : 0;
    params.scale_count = stored >= eden::Stored::kInt16 ? 2 : 0;
    params.elements = elements;
    params.copies = copies;
    params.first_copy = 5;
    params.address = 8192 - 512;
    params.row_bytes = kRowBytes;
    params.correction = eden::Correction::kZero;
  }

  // Points at the vectors where they now are.
  const eden::InjectParams& pointed() {
    params.input = input.data();
    params.output = output.data();
    params.corrected = corrected.data();
    params.key = key.data();
    params.bounds = bounds.data();
    params.table = table.data();
    params.rank_columns = params.lookup == eden::Lookup::kBitline ? order.data() : nullptr;
    params.scales = params.scale_count > 0 ? scales.data() : nullptr;
    return params;
  }
};
