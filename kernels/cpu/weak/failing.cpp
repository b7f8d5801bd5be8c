#include "kernels/cpu/weak/failing.h"

#include "kernels/access/known.h"
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

Decision decision(const Search& search, WeakWords w) {
  return {w.access_key, w.segment, Purpose::kAccess, blocks_at_first(search.summary),
          false,        w.n,       w.words};
}

// All cells read one entry.
void find_alike(const Search& search, WeakWords w, DecisionLanes* lanes, uint32_t* flips) {
  const TableEntry& entry = search.params.table[0];
  const uint32_t always_one = all_lanes(entry.fail_one == kAlways);
  const uint32_t always_zero = all_lanes(entry.fail_zero == kAlways);
  const uint32_t some_one = all_lanes(entry.fail_one != 0) & ~always_one;
  const uint32_t some_zero = all_lanes(entry.fail_zero != 0) & ~always_zero;
  for (int i = 0; i < w.n; ++i) {
    const uint32_t bits = w.stored ? w.stored[i] : ~uint32_t{0};
    flips[i] = w.weak[i] & chosen(bits, always_one, always_zero);
    lanes->open[i] = w.weak[i] & chosen(bits, some_one, some_zero);
  }
  Decision d = decision(search, w);
  d.same = !w.stored;
  decide(search.draw, d, lanes, lanes->taken,
         [&](const uint16_t* where, int count, int plane, int planes, uint32_t* to) {
           for (int j = 0; j < planes; ++j) {
             const uint32_t one = equal_plane(entry.fail_one, plane + j);
             const uint32_t zero = equal_plane(entry.fail_zero, plane + j);
             uint32_t* at = to + j * kSegmentWords;
             if (!w.stored) {
               at[0] = one;
             } else if (!where) {
               for (int k = 0; k < count; ++k) at[k] = chosen(w.stored[k], one, zero);
             } else {
               for (int k = 0; k < count; ++k) at[k] = chosen(w.stored[where[k]], one, zero);
             }
           }
           return to;
         });
  for (int i = 0; i < w.n; ++i) flips[i] |= lanes->taken[i];
}

// Each cell reads an entry of its own: there are too few in a segment to go plane by plane.
void find_known(const InjectParams& p, WeakWords w, uint32_t* flips) {
  const uint64_t start = w.segment * kSegmentBits;
  const KnownCells cells = known_within(all_known(p), start, start + kSegmentBits);
  for (int i = 0; i < w.n; ++i) {
    const uint32_t stored = w.stored ? w.stored[i] : ~uint32_t{0};
    flips[i] = failing_known(cells, w.segment, w.words[i], w.weak[i], stored, w.access_key);
  }
}

}  // namespace

void find_failing(const Search& search, WeakWords w, SearchRoom::Dense* room, uint32_t* flips) {
  const InjectParams& p = search.params;
  const TableSummary& summary = search.summary;
  DecisionLanes& lanes = room->lanes;
  if (p.lookup == Lookup::kCell) {
    find_alike(search, w, &lanes, flips);
    return;
  }
  if (p.lookup == Lookup::kKnown) {
    find_known(p, w, flips);
    return;
  }
  const Thresholds one(p, w.segment, &TableEntry::fail_one, summary.fail_one);
  const Thresholds zero(p, w.segment, &TableEntry::fail_zero,
                        summary.by_stored_bit ? summary.fail_zero : summary.fail_one);
  uint32_t* const open = lanes.open;
  uint16_t* const undecided = room->undecided;
  for (int i = 0; i < w.n; ++i) {
    uint32_t always = one.always(w.words[i]);
    uint32_t some = one.some(w.words[i]);
    if (w.stored) {
      always = chosen(w.stored[i], always, zero.always(w.words[i]));
      some = chosen(w.stored[i], some, zero.some(w.words[i]));
    }
    flips[i] = w.weak[i] & always;
    open[i] = w.weak[i] & some;
  }
  const int n = search.draw.keep_open(w.n, open, undecided);
  if (n == 0) return;
  for (int k = 0; k < n; ++k) {
    open[k] = open[undecided[k]];
    room->words[k] = w.words[undecided[k]];
  }
  Decision d = decision(search, w);
  d.n = n;
  d.words = room->words;
  decide(search.draw, d, &lanes, lanes.taken,
         [&](const uint16_t* where, int count, int plane, int planes, uint32_t* to) {
           for (int j = 0; j < planes; ++j) {
             for (int k = 0; k < count; ++k) {
               const int i = undecided[where ? where[k] : k];
               uint32_t threshold = one.plane(w.words[i], plane + j);
               if (w.stored) {
                 threshold = chosen(w.stored[i], threshold, zero.plane(w.words[i], plane + j));
               }
               to[j * kSegmentWords + k] = threshold;
             }
           }
           return to;
         });
  for (int k = 0; k < n; ++k) flips[undecided[k]] |= lanes.taken[k];
}

}  // namespace eden
