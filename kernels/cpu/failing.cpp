#include "kernels/cpu/failing.h"

#include "kernels/cpu/decide.h"
#include "kernels/cpu/thresholds.h"

namespace eden {

void find_failing(const InjectParams& p, const TableSummary& summary, const Draw& draw,
                  uint64_t segment, const uint16_t* words, int n, const uint32_t* weak,
                  const uint32_t* stored, uint64_t access_key, uint32_t* flips) {
  const Thresholds one(p, segment, &TableEntry::fail_one, summary.fail_one);
  const Thresholds zero(p, segment, &TableEntry::fail_zero,
                        summary.by_stored_bit ? summary.fail_zero : summary.fail_one);
  const auto chosen = [&](uint32_t for_one, uint32_t for_zero, int i) {
    return (stored[i] & for_one) | (~stored[i] & for_zero);
  };
  Groups groups;
  uint16_t open[kChunkWords];  // which of the words are to be decided
  const bool same = p.law == Law::kCell && !stored;
  if (same) {
    const uint32_t always = one.always(0);
    const uint32_t some = one.some(0);
    for (int i = 0; i < n; ++i) {
      flips[i] = weak[i] & always;
      open[i] = static_cast<uint16_t>(i);
      groups.words[i] = words[i];
      groups.open[i] = weak[i] & some;
    }
    groups.count = some != 0 ? n : 0;
  } else {
    for (int i = 0; i < n; ++i) {
      uint32_t always = one.always(words[i]);
      uint32_t some = one.some(words[i]);
      if (stored) {
        always = chosen(always, zero.always(words[i]), i);
        some = chosen(some, zero.some(words[i]), i);
      }
      flips[i] = weak[i] & always;
      open[groups.count] = static_cast<uint16_t>(i);
      groups.add(words[i], weak[i] & some);
    }
  }
  const int undecided = groups.count;
  if (undecided == 0) return;
  alignas(64) uint32_t taken[kChunkWords + kDrawSlack];
  // One block nearly always decides a single lane, but seldom a whole word.
  const int blocks = summary.any_dense ? 2 : 1;
  decide(draw, access_key, segment, Purpose::kAccess, blocks, same, &groups, taken,
         [&](const uint16_t* where, int count, int plane, int planes, uint32_t* room) {
           for (int j = 0; j < planes; ++j) {
             for (int k = 0; k < (same ? 1 : count); ++k) {
               const int i = open[where[k]];
               uint32_t threshold = one.plane(words[i], plane + j);
               if (stored) threshold = chosen(threshold, zero.plane(words[i], plane + j), i);
               room[j * kChunkWords + k] = threshold;
             }
           }
           return room;
         });
  for (int k = 0; k < undecided; ++k) flips[open[k]] |= taken[k];
}

}  // namespace eden
