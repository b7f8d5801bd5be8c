#include <algorithm>

#include "kernels/cells.h"
#include "kernels/cpu/float_mode.h"
#include "kernels/cpu/inject_cpu.h"
#include "kernels/cpu/load.h"
#include "kernels/dispatch.h"

namespace eden {
namespace {

// Calls visit(element, bits of that element within the word, lane of its lowest bit).
template <int bits, class Visit>
void visit_elements(uint32_t word_bits, int64_t first_bit, Visit visit) {
  if constexpr (bits == 32) {
    visit(first_bit / 32, word_bits, 0);
  } else {
    constexpr uint32_t kElement = (uint32_t{1} << bits) - 1;
    while (word_bits != 0) {
      const int lane = __builtin_ctz(word_bits) / bits * bits;
      visit((first_bit + lane) / bits, (word_bits >> lane) & kElement, lane);
      word_bits &= ~(kElement << lane);
    }
  }
}

template <class Element, class Codec>
void run_segment(const InjectParams& p, const TableSummary& summary, uint64_t segment, int first,
                 int last, int64_t copy_begin, int64_t copy_end, WeakCells* weak) {
  constexpr int kBits = Codec::kBits;
  const int64_t segment_bit = static_cast<int64_t>(segment) * kSegmentBits - 8 * p.address;
  const int64_t begin = (segment_bit + first) / kBits;
  const int64_t end = (segment_bit + last) / kBits;
  find_weak_cells(p, summary, segment, first, last, weak);
  for (int64_t copy = copy_begin; copy < copy_end; ++copy) {
    const Load<Element, Codec> load(p, copy);
    load.read(begin, end, nullptr);
    const uint64_t access_key =
        summary.always_fails ? 0 : fold(p.key[1], static_cast<uint64_t>(p.first_copy + copy));
    for (int i = 0; i < weak->count; ++i) {
      const uint32_t word = weak->words[i];
      const int64_t first_bit = segment_bit + 32 * static_cast<int64_t>(word);
      uint32_t flips = weak->mask[word];
      if (!summary.always_fails) {
        uint32_t stored = 0;
        if (summary.by_stored_bit) {
          visit_elements<kBits>(flips, first_bit, [&](int64_t element, uint32_t, int lane) {
            stored |= load.code(element) << lane;
          });
        }
        flips = failing(p, segment, word, flips, stored, access_key);
        if (flips == 0) continue;
      }
      visit_elements<kBits>(flips, first_bit,
                            [&](int64_t element, uint32_t bits, int) { load.fail(element, bits); });
    }
  }
  weak->clear();
}

}  // namespace

InjectPlan::InjectPlan(const InjectParams& params, int threads)
    : params_(params),
      summary_(summarize(params)),
      element_bits_(stored_bits(params.element, params.stored)),
      first_segment_(8 * params.address / kSegmentBits),
      segments_(0),
      chunks_(1) {
  const int64_t bits = params.elements * element_bits_;
  if (bits == 0 || params.copies == 0) return;
  segments_ = (8 * params.address + bits + kSegmentBits - 1) / kSegmentBits - first_segment_;
  // Cutting the copies costs finding the weak cells again, so only where threads would idle.
  if (threads > 1 && segments_ < 4 * threads) {
    chunks_ = std::min<int64_t>(params.copies, (4 * threads + segments_ - 1) / segments_);
  }
}

void InjectPlan::run(int64_t unit_begin, int64_t unit_end) const {
  const SubnormalsKept subnormals_kept;
  WeakCells weak;
  const int64_t start_bit = 8 * params_.address;
  const int64_t end_bit = start_bit + params_.elements * element_bits_;
  dispatch(params_.element, params_.stored, [&](auto element, auto codec) {
    for (int64_t unit = unit_begin; unit < unit_end; ++unit) {
      const int64_t segment = first_segment_ + unit / chunks_;
      const int64_t chunk = unit % chunks_;
      const int64_t segment_bit = segment * kSegmentBits;
      run_segment<decltype(element), decltype(codec)>(
          params_, summary_, static_cast<uint64_t>(segment),
          static_cast<int>(std::max<int64_t>(start_bit - segment_bit, 0)),
          static_cast<int>(std::min<int64_t>(end_bit - segment_bit, kSegmentBits)),
          params_.copies * chunk / chunks_, params_.copies * (chunk + 1) / chunks_, &weak);
    }
  });
}

}  // namespace eden
