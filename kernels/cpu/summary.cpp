#include "kernels/cpu/summary.h"

#include <algorithm>

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

struct WordPlanes {
  uint32_t plane[kReadyPlanes] = {};
  uint32_t always = 0;
  uint32_t some = 0;
};

// The planes of 32 neighbouring entries.
template <class Member>
WordPlanes planes_of(const TableEntry* entries, Member member) {
  WordPlanes planes;
  for (int byte = 0; byte < 4; ++byte) {
    uint64_t top = 0;
    for (int lane = 0; lane < 8; ++lane) {
      const uint64_t threshold = entries[8 * byte + lane].*member;
      const int bit = 8 * byte + lane;
      top |= (threshold >> 56) << (8 * lane);
      planes.always |= static_cast<uint32_t>(threshold == kAlways) << bit;
      planes.some |= static_cast<uint32_t>(threshold != kAlways && threshold != 0) << bit;
    }
    top = transposed(top);
    for (int j = 0; j < kReadyPlanes; ++j) {
      planes.plane[j] |= static_cast<uint32_t>((top >> (8 * (7 - j))) & 0xFF) << (8 * byte);
    }
  }
  return planes;
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
    const WordPlanes planes = planes_of(bitlines_of(p, word), member);
    uint32_t* to = ready.words.get() + word;
    for (int j = 0; j < kReadyPlanes; ++j) to[j * kSegmentWords] = planes.plane[j];
    to[kReadyPlanes * kSegmentWords] = planes.always;
    to[(kReadyPlanes + 1) * kSegmentWords] = planes.some;
  }
  return ready;
}

DenseWords dense_words(const InjectParams& p, int begin, int end) {
  DenseWords dense;
  for (int word = begin; word < end; ++word) {
    const WordPlanes planes = planes_of(bitlines_of(p, word), &TableEntry::dense);
    if ((planes.always | planes.some) == 0) continue;
    const size_t i = dense.words.size() % kChunkWords;
    if (i == 0) dense.planes.resize(dense.planes.size() + kReadyPlanes * kChunkWords);
    uint32_t* to = &dense.planes[dense.planes.size() - kReadyPlanes * kChunkWords + i];
    for (int j = 0; j < kReadyPlanes; ++j) to[j * kChunkWords] = planes.plane[j];
    dense.words.push_back(static_cast<uint16_t>(word));
    dense.always.push_back(planes.always);
    dense.some.push_back(planes.some);
  }
  return dense;
}

void add_entry(const TableEntry& entry, TableSummary* summary) {
  summary->greatest_stress = std::max(summary->greatest_stress, entry.stress);
  summary->any_dense |= entry.dense != 0;
  summary->always_fails &= entry.fail_one == kAlways && entry.fail_zero == kAlways;
  summary->by_stored_bit |= entry.fail_one != entry.fail_zero;
}

void add_bitlines(const InjectParams& p, int64_t first_bit, int64_t last_bit, TableSummary* s) {
  // Words of a segment: those of a tensor within one, else all.
  const bool one_segment = first_bit / kSegmentBits == (last_bit - 1) / kSegmentBits;
  const int begin = one_segment ? static_cast<int>(first_bit % kSegmentBits) / 32 : 0;
  const int end = one_segment ? static_cast<int>((last_bit - 1) % kSegmentBits) / 32 + 1
                              : static_cast<int>(kSegmentWords);
  const int64_t count = std::min<int64_t>(32 * (end - begin), p.entries);
  for (int64_t i = 0; i < count; ++i) {
    const TableEntry& entry = p.table[(32 * begin + i) & (p.entries - 1)];
    add_entry(entry, s);
    s->mean_stress += entry.stress / static_cast<uint64_t>(count);
  }
  s->ranks.reset(new RankedBitline[p.entries]);
  for (int i = 0; interval_begin(i) < p.entries; ++i) {
    s->intervals = i + 1;
    const int64_t last =
        std::min(interval_begin(i) + (int64_t{1} << interval_size_log2(i)), p.entries);
    uint64_t least = ~uint64_t{0};
    for (int64_t rank = interval_begin(i); rank < last; ++rank) {
      const uint64_t stress = p.table[p.rank_columns[rank]].stress;
      s->ranks[rank] = RankedBitline(p.rank_columns[rank], stress);
      s->interval_greatest[i] = std::max(s->interval_greatest[i], stress);
      least = std::min(least, stress);
    }
    s->interval_least[i] = least;
  }
  if (s->any_dense) s->dense = dense_words(p, begin, end);
  if (!s->always_fails) s->fail_one = bitline_planes(p, &TableEntry::fail_one, begin, end);
  if (s->by_stored_bit) s->fail_zero = bitline_planes(p, &TableEntry::fail_zero, begin, end);
}

}  // namespace

TableSummary summarize(const InjectParams& p, int64_t first_bit, int64_t last_bit) {
  TableSummary summary;
  if (first_bit >= last_bit) return summary;
  switch (p.law) {
    case Law::kBitline:
      add_bitlines(p, first_bit, last_bit, &summary);
      break;
    case Law::kWordline: {
      const int64_t row_bits = 8 * p.row_bytes;
      for (int64_t row = first_bit / row_bits; row <= (last_bit - 1) / row_bits; ++row) {
        add_entry(p.table[row], &summary);
      }
      break;
    }
    default:
      add_entry(p.table[0], &summary);
  }
  return summary;
}

}  // namespace eden
