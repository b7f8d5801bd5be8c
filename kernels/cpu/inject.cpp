#include "kernels/cpu/inject.h"

#include <algorithm>

#include "kernels/access/kept.h"
#include "kernels/access/stored_bits.h"
#include "kernels/cpu/pass/load.h"
#include "kernels/cpu/processor/float_mode.h"
#include "kernels/cpu/weak/failing.h"
#include "kernels/cpu/weak/workspace.h"
#include "kernels/formats/dispatch.h"

namespace eden {
namespace {

// Up to so many faulty words are patched one by one after the clean pass; more go into the pass.
constexpr int kMostPatches = 32;

// Short copies go through the clean pass together, up to so many elements: what it reads and writes
// is still in the L1 cache when it is patched.
constexpr int64_t kTogether = 4096;

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

const uint8_t* bytes_from(const uint32_t* words, int first_bit) {
  return reinterpret_cast<const uint8_t*>(words) + first_bit / 8;
}

// The injection of one segment, for one element type and format.
template <class Element, class Codec>
class Segment {
 public:
  using LoadOf = Load<Element, Codec>;
  static constexpr int kBits = Codec::kBits;

  // Segment i of those in `bits`.
  Segment(const InjectParams& params, const TableSummary& summary, const StoredBits& bits,
          int64_t i, bool streaming, Workspace* work)
      : p_(params),
        summary_(summary),
        search_{params, summary, draw(isa())},
        part_(bits.part(i)),
        start_bit_(static_cast<int64_t>(part_.segment) * kSegmentBits - bits.first),
        begin_((start_bit_ + part_.first) / kBits),
        end_((start_bit_ + part_.last) / kBits),
        streaming_(streaming),
        weak_(work->weak),
        work_(*work) {
    if (params.kept) {
      recall_weak_cells(KeptCells(params.kept, bits.segments()), i, part_, &weak_);
    } else {
      find_weak_cells(search_, part_, &work->room, &weak_);
    }
    clean_first_ = weak_.none() || (weak_.at_most(kMostPatches) && !streaming);
    const bool whole = begin_ == 0 && end_ == params.elements && params.scale_count <= 1;
    if (clean_first_ && whole) together_ = std::max<int64_t>(1, kTogether / params.elements);
  }
  ~Segment() { weak_.clear(); }
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  // Reads copies [begin, end).
  void run(int64_t begin, int64_t end) {
    for (int64_t copy = begin; copy < end; copy += together_) {
      const int64_t n = std::min(together_, end - copy);
      const LoadOf load(p_, copy, streaming_);
      if (clean_first_) load.read(begin_, end_ + (n - 1) * p_.elements, nullptr);
      if (weak_.none()) continue;
      for (int64_t i = 0; i < n; ++i) {
        if (summary_.always_fails) {
          apply(load, i * p_.elements, weak_.mask);
          continue;
        }
        find_flips(load, i * p_.elements, copy + i);
        apply(load, i * p_.elements, work_.flips);
        for (int j = 0; j < weak_.count; ++j) work_.flips[weak_.words[j]] = 0;
      }
    }
  }

 private:
  // Fails the bits of `flips`, all of which are in words with weak cells, of the copy that begins
  // at element `copy_begin` of the load.
  void apply(const LoadOf& load, int64_t copy_begin, const uint32_t* flips) const {
    if (!clean_first_) {
      load.read(begin_, end_, bytes_from(flips, part_.first));
      return;
    }
    for (int i = 0; i < weak_.count; ++i) {
      const uint32_t word = weak_.words[i];
      visit_elements<kBits>(
          flips[word], first_bit_of(word),
          [&](int64_t element, uint32_t bits, int) { load.fail(copy_begin + element, bits); });
    }
  }

  void find_flips(const LoadOf& load, int64_t copy_begin, int64_t copy) {
    const uint64_t key = fold(p_.key[1], number_of(p_, copy));
    const bool all_stored = summary_.by_stored_bit && weak_.count > kMostPatches;
    if (all_stored) {
      load.codes(begin_, end_, reinterpret_cast<uint8_t*>(work_.stored) + part_.first / 8);
    }
    const int n = weak_.count;
    for (int i = 0; i < n; ++i) {
      const uint32_t word = weak_.words[i];
      const uint32_t weak = weak_.mask[word];
      work_.listed_weak[i] = weak;
      if (summary_.by_stored_bit) {
        work_.listed_stored[i] =
            all_stored ? work_.stored[word] : stored_in(load, copy_begin, word, weak);
      }
    }
    const WeakWords words{part_.segment,
                          key,
                          n,
                          weak_.words,
                          work_.listed_weak,
                          summary_.by_stored_bit ? work_.listed_stored : nullptr};
    find_failing(search_, words, &work_.room.dense, work_.listed_flips);
    for (int i = 0; i < n; ++i) work_.flips[weak_.words[i]] = work_.listed_flips[i];
  }

  // The bits that the elements with `lanes` in a word store.
  uint32_t stored_in(const LoadOf& load, int64_t copy_begin, uint32_t word, uint32_t lanes) const {
    uint32_t stored = 0;
    visit_elements<kBits>(lanes, first_bit_of(word), [&](int64_t element, uint32_t, int lane) {
      stored |= load.code(copy_begin + element) << lane;
    });
    return stored;
  }

  int64_t first_bit_of(uint32_t word) const { return start_bit_ + 32 * static_cast<int64_t>(word); }

  const InjectParams& p_;
  const TableSummary& summary_;
  const Search search_;
  StoredBits::Part part_;
  int64_t start_bit_;  // of the segment, counted from the tensor's first bit
  int64_t begin_, end_;
  bool streaming_;
  bool clean_first_;      // faulty words are patched after a pass without errors
  int64_t together_ = 1;  // copies in such a pass
  WeakCells& weak_;
  Workspace& work_;
};

}  // namespace

InjectPlan::InjectPlan(const InjectParams& params, int threads, int64_t streamed_bytes)
    : params_(params), bits_(params), segments_(bits_.segments()), chunks_(1), streaming_(false) {
  if (segments_ == 0) return;
  summary_ = params.kept ? summarize_kept(params, bits_) : summarize(params, bits_);
  const int64_t bytes = params.elements * params.copies * element_bytes(params.element);
  const CopyWay::Past past = copy_way().past_caches;
  streaming_ = past == CopyWay::Past::kAlways ||
               (past == CopyWay::Past::kLarge && params.touched && bytes >= streamed_bytes);
  // Cutting the copies costs finding the weak cells again, so only where threads would idle, and
  // into no more parts than threads: each is given one part of the units.
  if (threads > 1 && segments_ < 4 * threads) {
    chunks_ =
        std::min({params.copies, int64_t{threads}, (4 * threads + segments_ - 1) / segments_});
  }
}

void InjectPlan::run(int64_t unit_begin, int64_t unit_end) const {
  const FloatMode float_mode;
  Workspace& work = workspace();
  dispatch(params_.element, params_.stored, [&](auto element, auto codec) {
    for (int64_t unit = unit_begin; unit < unit_end; ++unit) {
      // All segments of a chunk before the next: the last one of a copy is short.
      const int64_t chunk = unit / segments_;
      Segment<decltype(element), decltype(codec)> segment(params_, summary_, bits_,
                                                          unit % segments_, streaming_, &work);
      segment.run(params_.copies * chunk / chunks_, params_.copies * (chunk + 1) / chunks_);
    }
  });
  if (streaming_) streams_done();
}

}  // namespace eden
