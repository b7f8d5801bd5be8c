#include "kernels/cpu/weak/summary.h"

#include <algorithm>
#include <vector>

#include "kernels/access/kept.h"
#include "kernels/access/known.h"
#include "kernels/access/stored_bits.h"

namespace eden {
namespace {

// In so few segments the bitlines of the points are looked up as they come, which takes less time
// than putting all of a row in order of rank.
constexpr int64_t kFewSegments = 16;

// Bit c of byte r becomes bit r of byte c.
uint64_t transposed(uint64_t x) {
  uint64_t t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AAu;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCCu;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0u;
  return x ^ t ^ (t << 28);
}

template <int planes>
struct WordPlanes {
  uint32_t plane[planes] = {};
  uint32_t always = 0;
  uint32_t some = 0;
};

// The leading planes, 8 or 16 of them, of 32 neighbouring entries.
template <int planes, class Member>
WordPlanes<planes> planes_of(const TableEntry* entries, Member member) {
  WordPlanes<planes> found;
  for (int byte = 0; byte < 4; ++byte) {
    uint64_t leading[planes / 8] = {};
    for (int lane = 0; lane < 8; ++lane) {
      const uint64_t threshold = entries[8 * byte + lane].*member;
      const int bit = 8 * byte + lane;
      for (int eight = 0; eight < planes / 8; ++eight) {
        leading[eight] |= ((threshold >> (56 - 8 * eight)) & 0xFF) << (8 * lane);
      }
      found.always |= static_cast<uint32_t>(threshold == kAlways) << bit;
      found.some |= static_cast<uint32_t>(threshold != kAlways && threshold != 0) << bit;
    }
    for (uint64_t& eight : leading) eight = transposed(eight);
    for (int j = 0; j < planes; ++j) {
      const uint64_t lanes = (leading[j / 8] >> (8 * (7 - j % 8))) & 0xFF;
      found.plane[j] |= static_cast<uint32_t>(lanes) << (8 * byte);
    }
  }
  return found;
}

const TableEntry* bitlines_of(const InjectParams& p, int word) {
  return p.table + ((32 * word) & (p.entries - 1));
}

// Words [begin, end) of a segment.
template <class Member>
BitlinePlanes bitline_planes(const InjectParams& p, Member member, int begin, int end) {
  BitlinePlanes ready;
  ready.words.reset(new uint32_t[(kReadyPlanes + 2) * kSegmentWords]);
  for (int word = begin; word < end; ++word) {
    const auto planes = planes_of<kReadyPlanes>(bitlines_of(p, word), member);
    uint32_t* to = ready.words.get() + word;
    for (int j = 0; j < kReadyPlanes; ++j) to[j * kSegmentWords] = planes.plane[j];
    to[kReadyPlanes * kSegmentWords] = planes.always;
    to[(kReadyPlanes + 1) * kSegmentWords] = planes.some;
  }
  return ready;
}

// Words [begin, end) of a segment: those of a tensor within one, else all.
struct WordRange {
  int begin = 0, end = kSegmentWords;

  explicit WordRange(const StoredBits& bits) {
    if (bits.segments() > 1) return;
    begin = bits.part(0).first / 32;
    end = (bits.part(0).last + 31) / 32;
  }
};

// Those words [begin, end) of a segment that hold a dense bitline. Which do, `dense` says for each
// word from `begin` on until the bitlines begin again.
void add_dense_bitlines(const InjectParams& p, const WordRange& words,
                        const std::vector<bool>& dense, DenseWords* to) {
  const auto holds = [&](int word) {
    return dense[static_cast<size_t>(word - words.begin) % dense.size()];
  };
  const auto holding = std::count(dense.begin(), dense.end(), true);
  // Where few hold none, deciding these too is cheaper than going from word to word.
  to->neighbours = 8 * holding > 7 * static_cast<int64_t>(dense.size());
  to->planes.reset(new uint32_t[DenseWords::kPlanes * kSegmentWords]);
  for (int word = words.begin; word < words.end; ++word) {
    if (!to->neighbours && !holds(word)) continue;
    const auto planes = planes_of<DenseWords::kPlanes>(bitlines_of(p, word), &TableEntry::dense);
    const int i = to->count++;
    uint32_t* at = to->planes.get() + i;
    for (int j = 0; j < DenseWords::kPlanes; ++j) at[j * kSegmentWords] = planes.plane[j];
    to->words[i] = static_cast<uint16_t>(word);
    to->some[i] = planes.some;
    to->always_words[to->always_count] = static_cast<uint16_t>(word);
    to->always[to->always_count] = planes.always;
    to->always_count += planes.always != 0;
  }
}

// The streams of points of ranks, of which `greatest` is the greatest stress of each interval.
void add_streams(const InjectParams& p, const uint64_t* greatest, TableSummary* s) {
  const int columns_log2 = log2_exact(8 * p.row_bytes);
  for (int rung = 0; rung < kSparseRungs; ++rung) {
    for (int i = 0; interval_begin(i) < p.entries; ++i) {
      if (greatest[i] <= rung_start(rung)) continue;
      const int cells_log2 = interval_size_log2(i) + 16 - columns_log2;
      s->streams.add(Purpose::kBitlinePoints, StreamCode(rung, i), cells_log2);
    }
  }
}

void add_ranks(const InjectParams& p, int64_t segments, TableSummary* s) {
  uint64_t greatest[kMostIntervals];
  if (segments <= kFewSegments) {
    // More streams than need be: their points come too late.
    std::fill_n(greatest, kMostIntervals, s->greatest_stress);
    add_streams(p, greatest, s);
    return;
  }
  s->ranks.reset(new RankedBitline[p.entries]);
  for (int i = 0; interval_begin(i) < p.entries; ++i) {
    const int64_t last =
        std::min(interval_begin(i) + (int64_t{1} << interval_size_log2(i)), p.entries);
    greatest[i] = 0;
    for (int64_t rank = interval_begin(i); rank < last; ++rank) {
      const uint64_t stress = p.table[p.rank_columns[rank]].stress;
      s->ranks[rank] = RankedBitline(p.rank_columns[rank], stress);
      greatest[i] = std::max(greatest[i], stress);
    }
  }
  add_streams(p, greatest, s);
}

// What holds for all entries, or for some.
struct Facts {
  uint64_t greatest_stress = 0;
  // Not 0 where it holds: entries are added without a branch.
  uint64_t any_dense = 0;
  uint64_t any_survivor = 0;
  uint64_t by_stored_bit = 0;

  void add(const TableEntry& entry) {
    greatest_stress = std::max(greatest_stress, entry.stress);
    any_dense |= entry.dense;
    any_survivor |= ~(entry.fail_one & entry.fail_zero);  // kAlways has all bits
    by_stored_bit |= entry.fail_one ^ entry.fail_zero;
  }
  void put(TableSummary* summary) const {
    summary->greatest_stress = greatest_stress;
    summary->any_dense = any_dense != 0;
    summary->always_fails = any_survivor == 0;
    summary->by_stored_bit = by_stored_bit != 0;
  }
};

// The planes of the failures' thresholds.
void add_failures(const InjectParams& p, const WordRange& words, TableSummary* s) {
  const auto planes = [&](auto member) {
    return bitline_planes(p, member, words.begin, words.end);
  };
  if (!s->always_fails) s->fail_one = planes(&TableEntry::fail_one);
  if (s->by_stored_bit) s->fail_zero = planes(&TableEntry::fail_zero);
}

void add_bitlines(const InjectParams& p, const StoredBits& bits, TableSummary* s) {
  const WordRange words(bits);
  const auto distinct = std::min<int64_t>(words.end - words.begin, p.entries / 32);
  std::vector<bool> dense(static_cast<size_t>(distinct));
  Facts facts;
  uint64_t sum = 0;  // of at most 2^16 stresses of at most 2^58
  constexpr int kDropped = 10;
  for (int64_t i = 0; i < distinct; ++i) {
    const TableEntry* entries = bitlines_of(p, words.begin + static_cast<int>(i));
    uint64_t some = 0;
    for (int lane = 0; lane < 32; ++lane) {
      facts.add(entries[lane]);
      some |= entries[lane].dense;
      sum += entries[lane].stress >> kDropped;
    }
    dense[static_cast<size_t>(i)] = some != 0;
  }
  facts.put(s);
  s->mean_stress = sum / static_cast<uint64_t>(32 * distinct) << kDropped;
  add_ranks(p, bits.segments(), s);
  if (s->any_dense) {
    s->dense = std::make_unique<DenseWords>();
    add_dense_bitlines(p, words, dense, s->dense.get());
  }
  add_failures(p, words, s);
}

void add_rungs(TableSummary* s) {
  for (int rung = 0; rung < kSparseRungs && rung_start(rung) < s->greatest_stress; ++rung) {
    s->streams.add(Purpose::kPoints, StreamCode(rung, 0), 16);
  }
}

}  // namespace

TableSummary summarize(const InjectParams& p, const StoredBits& bits) {
  TableSummary summary;
  if (p.lookup == Lookup::kBitline) {
    add_bitlines(p, bits, &summary);
    return summary;
  }
  Facts facts;
  if (p.lookup == Lookup::kKnown) {
    const KnownCells cells = known_within(all_known(p), static_cast<uint64_t>(bits.first),
                                          static_cast<uint64_t>(bits.last));
    for (const TableEntry* cell = cells.begin; cell != cells.end; ++cell) facts.add(*cell);
    facts.put(&summary);
    // Nothing is drawn.
    summary.greatest_stress = 0;
    summary.any_dense = false;
    return summary;
  }
  if (p.lookup == Lookup::kWordline) {
    const int64_t row_bits = 8 * p.row_bytes;
    for (int64_t row = bits.first / row_bits; row <= (bits.last - 1) / row_bits; ++row) {
      facts.add(p.table[row]);
    }
  } else {
    facts.add(p.table[0]);
  }
  facts.put(&summary);
  add_rungs(&summary);
  return summary;
}

TableSummary summarize_kept(const InjectParams& p, const StoredBits& bits) {
  TableSummary summary;
  const KeptCells kept(p.kept, bits.segments());
  summary.any_dense = kept.has(KeptCells::kAnyDense);
  summary.always_fails = kept.has(KeptCells::kAlwaysFails);
  summary.by_stored_bit = kept.has(KeptCells::kByStoredBit);
  if (p.lookup == Lookup::kBitline) add_failures(p, WordRange(bits), &summary);
  return summary;
}

}  // namespace eden
