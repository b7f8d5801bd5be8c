#include "kernels/cpu/weak/failing.h"

#include "kernels/cpu/weak/decide.h"
#include "kernels/cpu/weak/thresholds.h"

namespace eden {
namespace {

uint32_t all_lanes(bool yes) { return yes ? ~uint32_t{0} : 0; }

// Each lane of `for_one` where a 1 is stored, of `for_zero` where a 0 is.
uint32_t chosen(uint32_t stored, uint32_t for_one, uint32_t for_zero) {
  return (stored & for_one) | (~stored & for_zero);
}

// One block nearly always decides a single lane, but seldom a whole word.
int blocks_at_first(const TableSummary& summary) { return summary.any_dense ? 2 : 1; }

// All cells read one entry.
void find_alike(const TableEntry& entry, const TableSummary& summary, const Draw& draw,
                uint64_t segment, const uint16_t* words, int n, const uint32_t* weak,
                const uint32_t* stored, uint64_t access_key, uint32_t* flips) {
  const uint32_t always_one = all_lanes(entry.fail_one == kAlways);
  const uint32_t always_zero = all_lanes(entry.fail_zero == kAlways);
  const uint32_t some_one = all_lanes(entry.fail_one != 0) & ~always_one;
  const uint32_t some_zero = all_lanes(entry.fail_zero != 0) & ~always_zero;
  alignas(64) WordLanes open, taken;
  for (int i = 0; i < n; ++i) {
    const uint32_t bits = stored ? stored[i] : ~uint32_t{0};
    flips[i] = weak[i] & chosen(bits, always_one, always_zero);
    open[i] = weak[i] & chosen(bits, some_one, some_zero);
  }
  decide(draw, access_key, segment, Purpose::kAccess, blocks_at_first(summary), !stored, n, words,
         open, taken, [&](const uint16_t* where, int count, int plane, int planes, uint32_t* room) {
           for (int j = 0; j < planes; ++j) {
             const uint32_t one = equal_plane(entry.fail_one, plane + j);
             const uint32_t zero = equal_plane(entry.fail_zero, plane + j);
             uint32_t* to = room + j * kSegmentWords;
             if (!stored) {
               to[0] = one;
             } else if (!where) {
               for (int k = 0; k < count; ++k) to[k] = chosen(stored[k], one, zero);
             } else {
               for (int k = 0; k < count; ++k) to[k] = chosen(stored[where[k]], one, zero);
             }
           }
           return room;
         });
  for (int i = 0; i < n; ++i) flips[i] |= taken[i];
}

}  // namespace

void find_failing(const InjectParams& p, const TableSummary& summary, const Draw& draw,
                  uint64_t segment, const uint16_t* words, int n, const uint32_t* weak,
                  const uint32_t* stored, uint64_t access_key, uint32_t* flips) {
  if (p.law == Law::kCell) {
    find_alike(p.table[0], summary, draw, segment, words, n, weak, stored, access_key, flips);
    return;
  }
  const Thresholds one(p, segment, &TableEntry::fail_one, summary.fail_one);
  const Thresholds zero(p, segment, &TableEntry::fail_zero,
                        summary.by_stored_bit ? summary.fail_zero : summary.fail_one);
  alignas(64) WordLanes open, taken;
  WordNumbers undecided, rest;
  for (int i = 0; i < n; ++i) {
    uint32_t always = one.always(words[i]);
    uint32_t some = one.some(words[i]);
    if (stored) {
      always = chosen(stored[i], always, zero.always(words[i]));
      some = chosen(stored[i], some, zero.some(words[i]));
    }
    flips[i] = weak[i] & always;
    open[i] = weak[i] & some;
  }
  n = draw.keep_open(n, open, undecided);
  if (n == 0) return;
  for (int k = 0; k < n; ++k) {
    open[k] = open[undecided[k]];
    rest[k] = words[undecided[k]];
  }
  decide(draw, access_key, segment, Purpose::kAccess, blocks_at_first(summary), false, n, rest,
         open, taken, [&](const uint16_t* where, int count, int plane, int planes, uint32_t* room) {
           for (int j = 0; j < planes; ++j) {
             for (int k = 0; k < count; ++k) {
               const int i = undecided[where ? where[k] : k];
               uint32_t threshold = one.plane(words[i], plane + j);
               if (stored) {
                 threshold = chosen(stored[i], threshold, zero.plane(words[i], plane + j));
               }
               room[j * kSegmentWords + k] = threshold;
             }
           }
           return room;
         });
  for (int k = 0; k < n; ++k) flips[undecided[k]] |= taken[k];
}

}  // namespace eden
