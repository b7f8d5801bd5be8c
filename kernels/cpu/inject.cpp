#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/cells.h"
#include "kernels/cpu/float_mode.h"
#include "kernels/cpu/inject_cpu.h"
#include "kernels/dispatch.h"

namespace eden {
namespace {

// One copy's share of one segment, for one element type and format.
template <class Element, class Codec>
class Load {
 public:
  using Raw = typename Element::Raw;
  static constexpr int kBits = Codec::kBits;
  static constexpr bool kFloat = !std::is_same_v<Codec, RawCodec<Raw, kBits>>;

  Load(const InjectParams& params, int64_t copy)
      : p_(params),
        input_(static_cast<const Raw*>(params.input) + copy * params.elements),
        output_(static_cast<Raw*>(params.output) + copy * params.elements),
        flat_(copy * params.elements),
        per_scale_(params.scale_count > 1 ? params.elements / params.scale_count
                                          : params.elements) {
    if constexpr (kFloat) {
      if (params.bounds) bounds_ = round_inward<Element>({params.bounds[0], params.bounds[1]});
    }
  }

  // Elements [begin, end) as a memory without errors returns them.
  void clean(int64_t begin, int64_t end) const {
    if (Codec::kNative && (!kFloat || p_.correction == Correction::kOff)) {
      std::memcpy(output_ + begin, input_ + begin, static_cast<size_t>(end - begin) * sizeof(Raw));
      return;
    }
    while (begin < end) {
      const int64_t channel = begin / per_scale_;
      const int64_t stop = std::min(end, (channel + 1) * per_scale_);
      const float scale = p_.scales ? p_.scales[p_.scale_count > 1 ? channel : 0] : 1.0f;
      clean_run(begin, stop, scale);
      begin = stop;
    }
  }

  // Element i with the bits of `flips` failed.
  void fail(int64_t i, uint32_t flips) const {
    const float scale = scale_of(i);
    store(i, Codec::decode(Codec::encode(input_[i], scale) ^ flips, scale));
  }

  uint32_t code(int64_t i) const { return Codec::encode(input_[i], scale_of(i)); }

 private:
  float scale_of(int64_t i) const {
    if (!p_.scales) return 1.0f;
    return p_.scales[p_.scale_count > 1 ? i / per_scale_ : 0];
  }

  void clean_run(int64_t begin, int64_t end, float scale) const {
    if constexpr (kFloat) {
      const Bounds bounds = bounds_;
      const Correction correction = p_.correction;
      bool any = false;
      for (int64_t i = begin; i < end; ++i) {
        uint32_t raw = Codec::decode(Codec::encode(input_[i], scale), scale);
        if (correction != Correction::kOff) {
          bool corrected;
          raw = correct<Element>(raw, correction, bounds, &corrected);
          any |= corrected;
        }
        output_[i] = static_cast<Raw>(raw);
      }
      if (!any || !p_.corrected) return;
      // Rare: some clean values were implausible, so mark which.
      for (int64_t i = begin; i < end; ++i) {
        store(i, Codec::decode(Codec::encode(input_[i], scale), scale));
      }
    }
  }

  void store(int64_t i, uint32_t raw) const {
    if constexpr (kFloat) {
      if (p_.correction != Correction::kOff) {
        bool corrected;
        raw = correct<Element>(raw, p_.correction, bounds_, &corrected);
        if (p_.corrected) mark(flat_ + i, corrected);
      }
    }
    output_[i] = static_cast<Raw>(raw);
  }

  // Two units may share a byte of the mask, hence the atomics.
  void mark(int64_t flat, bool corrected) const {
    const uint8_t bit = static_cast<uint8_t>(1u << (flat % 8));
    if (corrected) {
      __atomic_fetch_or(p_.corrected + flat / 8, bit, __ATOMIC_RELAXED);
    } else {
      __atomic_fetch_and(p_.corrected + flat / 8, static_cast<uint8_t>(~bit), __ATOMIC_RELAXED);
    }
  }

  const InjectParams& p_;
  const Raw* input_;
  Raw* output_;
  int64_t flat_;
  int64_t per_scale_;
  Bounds bounds_{};
};

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
    load.clean(begin, end);
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
