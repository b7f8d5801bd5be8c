#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cuda/inject_plan.h"
#include "kernels/cuda/inject_unit.h"
#include "tests/cpp/kernels/cuda/host_block.h"

// One injection by the body of the CUDA kernel: `wanted` units, if it can be cut so, each by
// run(threads, seed, body).
template <class Run>
void inject_by_blocks(const eden::InjectParams& given, int64_t wanted, unsigned seed, Run run) {
  using namespace eden;
  const InjectParams p = without_conversions(given);
  const InjectUnits units = inject_units(p, wanted);
  std::vector<BitlineGroup> scratch;
  BitlineSummary* summary = nullptr;
  if (p.lookup == Lookup::kBitline) {
    // Groups and the summary before them are multiples of 16 bytes; one group more holds it.
    scratch.resize(static_cast<size_t>(bitline_groups(p)) + 1);
    spoil(scratch.data(), scratch.size(), seed);
    summary = reinterpret_cast<BitlineSummary*>(scratch.data());
    *summary = {};
    std::vector<int> order(static_cast<size_t>(bitline_groups(p)));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    for (const int group : order) {
      BitlineShared shared;
      spoil(&shared, 1, seed);
      run(kBitlineThreads, seed++,
          [&](auto& block) { summarize_bitlines(block, p, group, shared, summary); });
    }
  }
  std::vector<int64_t> order(static_cast<size_t>(units.segments * units.chunks * units.parts));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(seed));
  SegmentShared shared;
  spoil(&shared, 1, seed);
  std::vector<uint32_t> failed(kMaskWords);
  spoil(failed.data(), failed.size(), seed);
  dispatch(p.element, p.stored, [&](auto element, auto codec) {
    for (const int64_t number : order) {
      const InjectUnit unit{number % units.segments, number / units.segments % units.chunks,
                            static_cast<int>(number / units.segments / units.chunks)};
      uint32_t* own = units.copies_each > 1 ? failed.data() : shared.weak;
      run(kInjectThreads, seed++, [&](auto& block) {
        inject_unit<decltype(element), decltype(codec)>(block, p, kPoisson, summary, units, unit,
                                                        shared, own);
      });
    }
  });
}
