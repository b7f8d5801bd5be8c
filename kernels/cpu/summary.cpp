#include "kernels/cpu/summary.h"

#include <algorithm>

#include "kernels/kept.h"

namespace eden {
namespace {

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

void add_dense_words(const InjectParams& p, int begin, int end, DenseWords* dense) {
  int holding = 0;
  for (int word = begin; word < end; ++word) {
    const TableEntry* entries = bitlines_of(p, word);
    holding += std::any_of(entries, entries + 32, [](const TableEntry& e) { return e.dense != 0; });
  }
  // Where few hold none, deciding these too is cheaper than going from word to word.
  dense->neighbours = 8 * holding > 7 * (end - begin);
  dense->planes.reset(new uint32_t[DenseWords::kPlanes * kSegmentWords]);
  for (int word = begin; word < end; ++word) {
    const auto planes = planes_of<DenseWords::kPlanes>(bitlines_of(p, word), &TableEntry::dense);
    if (!dense->neighbours && (planes.always | planes.some) == 0) continue;
    const int i = dense->count++;
    uint32_t* to = dense->planes.get() + i;
    for (int j = 0; j < DenseWords::kPlanes; ++j) to[j * kSegmentWords] = planes.plane[j];
    dense->words[i] = static_cast<uint16_t>(word);
    dense->some[i] = planes.some;
    dense->always_words[dense->always_count] = static_cast<uint16_t>(word);
    dense->always[dense->always_count] = planes.always;
    dense->always_count += planes.always != 0;
  }
}

void add_ranks(const InjectParams& p, TableSummary* s) {
  uint64_t greatest[kMostIntervals];
  int intervals = 0;
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
    intervals = i + 1;
  }
  const int columns_log2 = log2_exact(8 * p.row_bytes);
  for (int rung = 0; rung < kSparseRungs; ++rung) {
    for (int i = 0; i < intervals; ++i) {
      if (greatest[i] <= rung_start(rung)) continue;
      const int cells_log2 = interval_size_log2(i) + 16 - columns_log2;
      s->streams.add(Purpose::kBitlinePoints, StreamCode(rung, i), cells_log2);
    }
  }
}

void add_entry(const TableEntry& entry, TableSummary* summary) {
  summary->greatest_stress = std::max(summary->greatest_stress, entry.stress);
  summary->any_dense |= entry.dense != 0;
  summary->always_fails &= entry.fail_one == kAlways && entry.fail_zero == kAlways;
  summary->by_stored_bit |= entry.fail_one != entry.fail_zero;
}

// Words [begin, end) of a segment: those of a tensor within one, else all.
struct Words {
  int begin = 0, end = kSegmentWords;

  explicit Words(const StoredBits& bits) {
    if (bits.segments() > 1) return;
    begin = bits.part(0).first / 32;
    end = (bits.part(0).last + 31) / 32;
  }
};

// The planes of the failures' thresholds.
void add_failures(const InjectParams& p, const Words& words, TableSummary* s) {
  const auto planes = [&](auto member) {
    return bitline_planes(p, member, words.begin, words.end);
  };
  if (!s->always_fails) s->fail_one = planes(&TableEntry::fail_one);
  if (s->by_stored_bit) s->fail_zero = planes(&TableEntry::fail_zero);
}

void add_bitlines(const InjectParams& p, const StoredBits& bits, TableSummary* s) {
  const Words words(bits);
  const auto [begin, end] = words;
  const int64_t count = std::min<int64_t>(32 * (end - begin), p.entries);
  for (int64_t i = 0; i < count; ++i) {
    const TableEntry& entry = p.table[(32 * begin + i) & (p.entries - 1)];
    add_entry(entry, s);
    s->mean_stress += entry.stress / static_cast<uint64_t>(count);
  }
  add_ranks(p, s);
  if (s->any_dense) add_dense_words(p, begin, end, &s->dense);
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
  switch (p.law) {
    case Law::kBitline:
      add_bitlines(p, bits, &summary);
      break;
    case Law::kWordline: {
      const int64_t row_bits = 8 * p.row_bytes;
      for (int64_t row = bits.first / row_bits; row <= (bits.last - 1) / row_bits; ++row) {
        add_entry(p.table[row], &summary);
      }
      add_rungs(&summary);
      break;
    }
    default:
      add_entry(p.table[0], &summary);
      add_rungs(&summary);
  }
  return summary;
}

TableSummary summarize_kept(const InjectParams& p, const StoredBits& bits) {
  TableSummary summary;
  const KeptCells kept(p.kept, bits.segments());
  summary.any_dense = kept.has(KeptCells::kAnyDense);
  summary.always_fails = kept.has(KeptCells::kAlwaysFails);
  summary.by_stored_bit = kept.has(KeptCells::kByStoredBit);
  if (p.law == Law::kBitline) add_failures(p, Words(bits), &summary);
  return summary;
}

}  // namespace eden
