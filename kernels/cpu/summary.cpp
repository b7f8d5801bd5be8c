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

template <class Member>
void fill_group(const TableEntry* entries, Member member, int group, BitlinePlanes* planes) {
  uint32_t plane[BitlinePlanes::kPlanes] = {};
  uint32_t always = 0;
  uint32_t some = 0;
  for (int byte = 0; byte < 4; ++byte) {
    uint64_t top = 0;
    for (int lane = 0; lane < 8; ++lane) {
      const uint64_t threshold = entries[8 * byte + lane].*member;
      top |= (threshold >> 56) << (8 * lane);
      always |= static_cast<uint32_t>(threshold == kAlways) << (8 * byte + lane);
      some |= static_cast<uint32_t>(threshold != kAlways && threshold != 0) << (8 * byte + lane);
    }
    top = transposed(top);
    for (int j = 0; j < BitlinePlanes::kPlanes; ++j) {
      plane[j] |= static_cast<uint32_t>((top >> (8 * (7 - j))) & 0xFF) << (8 * byte);
    }
  }
  uint32_t* words = planes->words.get() + group;
  for (int j = 0; j < BitlinePlanes::kPlanes; ++j) words[j * planes->groups] = plane[j];
  words[BitlinePlanes::kPlanes * planes->groups] = always;
  words[(BitlinePlanes::kPlanes + 1) * planes->groups] = some;
}

template <class Member>
BitlinePlanes planes_of(const InjectParams& p, Member member, int64_t first_group, int64_t count) {
  BitlinePlanes planes;
  planes.groups = static_cast<int>(p.entries / 32);
  planes.words.reset(new uint32_t[(BitlinePlanes::kPlanes + 2) * planes.groups]);
  for (int64_t i = 0; i < count; ++i) {
    const int group = static_cast<int>((first_group + i) & (planes.groups - 1));
    fill_group(p.table + 32 * group, member, group, &planes);
  }
  return planes;
}

void add_entry(const TableEntry& entry, TableSummary* summary) {
  summary->greatest_stress = std::max(summary->greatest_stress, entry.stress);
  summary->any_dense |= entry.dense != 0;
  summary->always_fails &= entry.fail_one == kAlways && entry.fail_zero == kAlways;
  summary->by_stored_bit |= entry.fail_one != entry.fail_zero;
}

void add_bitlines(const InjectParams& p, int64_t first_bit, int64_t last_bit, TableSummary* s) {
  const int64_t first_group = first_bit / 32;
  const int64_t count = std::min((last_bit + 31) / 32 - first_group, p.entries / 32);
  for (int64_t i = 0; i < 32 * count; ++i) {
    add_entry(p.table[(32 * first_group + i) & (p.entries - 1)], s);
  }
  for (int i = 0; interval_begin(i) < p.entries; ++i) {
    s->intervals = i + 1;
    if (8 * 32 * count < p.entries) {
      // The few bitlines of a small tensor may have any rank.
      s->interval_greatest[i] = s->greatest_stress;
      continue;
    }
    const int end = interval_begin(i) + (1 << interval_size_log2(i));
    uint64_t least = ~uint64_t{0};
    for (int rank = interval_begin(i); rank < std::min<int64_t>(end, p.entries); ++rank) {
      const uint64_t stress = p.table[p.rank_columns[rank]].stress;
      s->interval_greatest[i] = std::max(s->interval_greatest[i], stress);
      least = std::min(least, stress);
    }
    s->interval_least[i] = least;
  }
  if (s->any_dense) s->dense = planes_of(p, &TableEntry::dense, first_group, count);
  if (!s->always_fails) s->fail_one = planes_of(p, &TableEntry::fail_one, first_group, count);
  if (s->by_stored_bit) s->fail_zero = planes_of(p, &TableEntry::fail_zero, first_group, count);
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
