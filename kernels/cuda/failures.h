#pragma once

#include <cstdint>

#include "kernels/access/entry.h"
#include "kernels/access/known.h"
#include "kernels/cuda/dense.h"
#include "kernels/cuda/load.h"

// Which weak cells fail at one access (docs/rng.md).

namespace eden {

// Of the weak lanes of a word, those that fail.
EDEN_HD inline uint32_t failing_lanes(const InjectParams& p, const BitlineSummary* summary,
                                      const KnownCells& known, uint64_t segment, int word,
                                      uint32_t weak, uint32_t stored, uint64_t access_key) {
  if (p.lookup == Lookup::kKnown) {
    return failing_known(known, segment, static_cast<uint32_t>(word), weak, stored, access_key);
  }
  if (p.lookup != Lookup::kBitline) {
    return failing(p, segment, static_cast<uint32_t>(word), weak, stored, access_key);
  }
  const uint64_t group = segment * kSegmentWords + static_cast<uint64_t>(word);
  const BitlineGroup& own = groups_of(summary)[word & (bitline_groups(p) - 1)];
  const uint32_t always = (stored & own.fail_one.always) | (~stored & own.fail_zero.always);
  const uint32_t drawn = compare_rest(
      access_key, group, Purpose::kAccess, weak & ~always, 0,
      [&](int j) { return (stored & own.fail_one.plane[j]) | (~stored & own.fail_zero.plane[j]); });
  return (weak & always) | drawn;
}

// The failing among the weak cells of a segment for one copy. `failed` may be the mask of the weak
// cells itself; else it is 0 in all words that hold none.
template <class Block, class Element, class Codec>
EDEN_HD void find_failures(Block& block, const InjectParams& p, const BitlineSummary* summary,
                           const SegmentRange& range, const SegmentShared& s,
                           const CopyLoad<Element, Codec>& load, int64_t copy, uint32_t* failed) {
  const uint64_t access_key = fold(p.key[1], number_of(p, copy));
  // With the list, threads have as much to do each; where most words are listed, they have so too.
  const bool by_list = s.listed <= kListedWords;
  const int words = by_list ? s.listed : kSegmentWords;
  block.each([&](int t) {
    for (int i = t; i < words; i += block.threads()) {
      const int word = by_list ? s.list[i] : i;
      const uint32_t weak = s.weak[word];
      if (weak == 0) continue;
      const uint32_t stored = (s.facts & kByStoredBit) != 0 ? load.stored(word, weak) : 0;
      failed[word] =
          failing_lanes(p, summary, s.known, range.segment, word, weak, stored, access_key);
    }
  });
  block.barrier();
}

}  // namespace eden
