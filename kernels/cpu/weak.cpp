#include "kernels/cpu/weak.h"

#include <algorithm>

#include "kernels/cells.h"
#include "kernels/poisson.h"

namespace eden {
namespace {

// Calls visit(number) for each point of the stream (segment, rung, interval).
template <class Visit>
void visit_points(uint64_t key, uint64_t segment, Purpose purpose, int rung, int interval,
                  int cells_log2, Visit visit) {
  const auto block = [&](int index) {
    return random_block(key, segment, purpose, static_cast<uint32_t>(rung),
                        static_cast<uint32_t>(interval), static_cast<uint32_t>(index));
  };
  // Number 0 of the stream is the count, the points are the numbers after it.
  const PhiloxBlock head = block(0);
  const int count = poisson_count(kPoisson, rung_mean_log2(rung, cells_log2), head.number(0));
  if (count == 0) return;
  visit(head.number(1));
  for (int index = 1; 2 * index <= count; ++index) {
    const PhiloxBlock numbers = block(index);
    visit(numbers.number(0));
    if (2 * index + 1 <= count) visit(numbers.number(1));
  }
}

// Greatest stress among the cells of one segment.
uint64_t segment_stress(const InjectParams& p, const TableSummary& summary, uint64_t segment,
                        int first, int last) {
  if (p.law != Law::kWordline) return summary.greatest_stress;
  uint64_t stress = 0;
  const int row_bits = static_cast<int>(8 * p.row_bytes);
  for (int bit = first & -row_bits; bit < last; bit += row_bits) {
    stress = std::max(stress, entry_of(p, segment, static_cast<uint32_t>(bit)).stress);
  }
  return stress;
}

void add_sparse(const InjectParams& p, uint64_t segment, uint64_t stress, int first, int last,
                WeakCells* weak) {
  for (int rung = 0; rung < kSparseRungs && rung_start(rung) < stress; ++rung) {
    visit_points(p.key[0], segment, Purpose::kPoints, rung, 0, 16, [&](uint64_t r) {
      const int bit = static_cast<int>(r & 0xFFFF);
      if (bit < first || bit >= last) return;
      const uint32_t cell = static_cast<uint32_t>(bit);
      if (point_time(rung, r) < entry_of(p, segment, cell).stress) {
        weak->add(cell / 32, uint32_t{1} << (cell % 32));
      }
    });
  }
}

void add_sparse_bitline(const InjectParams& p, const TableSummary& summary, uint64_t segment,
                        int first, int last, WeakCells* weak) {
  const int columns_log2 = log2_exact(8 * p.row_bytes);
  for (int rung = 0; rung < kSparseRungs; ++rung) {
    for (int i = 0; i < summary.intervals; ++i) {
      if (summary.interval_stress[i] <= rung_start(rung)) continue;
      const int size_log2 = interval_size_log2(i);
      const int cells_log2 = size_log2 + 16 - columns_log2;
      visit_points(p.key[0], segment, Purpose::kBitlinePoints, rung, i, cells_log2,
                   [&](uint64_t r) {
                     const uint32_t position = r & ((1u << cells_log2) - 1);
                     const uint32_t rank = interval_begin(i) + (position & ((1u << size_log2) - 1));
                     const uint32_t column = static_cast<uint32_t>(p.rank_columns[rank]);
                     const uint32_t cell = ((position >> size_log2) << columns_log2) | column;
                     const int bit = static_cast<int>(cell);
                     if (bit < first || bit >= last) return;
                     if (point_time(rung, r) < p.table[column].stress) {
                       weak->add(cell / 32, uint32_t{1} << (cell % 32));
                     }
                   });
    }
  }
}

void add_dense(const InjectParams& p, uint64_t segment, int first, int last, WeakCells* weak) {
  for (int word = first / 32; word * 32 < last; ++word) {
    uint32_t lanes = ~uint32_t{0};
    if (word * 32 < first) lanes <<= first % 32;
    if (word * 32 + 32 > last) lanes &= (uint32_t{1} << (last % 32)) - 1;
    const TableEntry& entry = entry_of(p, segment, static_cast<uint32_t>(word * 32));
    const uint64_t group = segment * kSegmentWords + static_cast<uint64_t>(word);
    uint32_t found;
    if (p.law == Law::kBitline) {
      const TableEntry* entries = &entry;
      found = lanes & always_lanes(entries, &TableEntry::dense);
      for (int lane = 0; lane < 32; ++lane) {
        if (entries[lane].dense == 0) lanes &= ~(uint32_t{1} << lane);
      }
      const uint32_t open = lanes & ~found;
      found |= below(p.key[0], group, Purpose::kDense, open,
                     [&](int j) { return gathered_plane(entries, &TableEntry::dense, open, j); });
    } else if (entry.dense == 0) {
      continue;
    } else if (entry.dense == kAlways) {
      found = lanes;
    } else {
      found = below(p.key[0], group, Purpose::kDense, lanes,
                    [&](int j) { return equal_plane(entry.dense, j); });
    }
    weak->add(static_cast<uint32_t>(word), found);
  }
}

}  // namespace

TableSummary summarize(const InjectParams& p) {
  TableSummary summary;
  for (int64_t i = 0; i < p.entries; ++i) {
    const TableEntry& entry = p.table[i];
    summary.greatest_stress = std::max(summary.greatest_stress, entry.stress);
    summary.any_dense |= entry.dense != 0;
    summary.always_fails &= entry.fail_one == kAlways && entry.fail_zero == kAlways;
    summary.by_stored_bit |= entry.fail_one != entry.fail_zero;
  }
  if (p.law == Law::kBitline) {
    const int columns = static_cast<int>(8 * p.row_bytes);
    for (int i = 0; interval_begin(i) < columns; ++i) {
      const int end = std::min(columns, interval_begin(i) + (1 << interval_size_log2(i)));
      for (int rank = interval_begin(i); rank < end; ++rank) {
        summary.interval_stress[i] =
            std::max(summary.interval_stress[i], p.table[p.rank_columns[rank]].stress);
      }
      summary.intervals = i + 1;
    }
  }
  return summary;
}

void find_weak_cells(const InjectParams& p, const TableSummary& summary, uint64_t segment,
                     int first, int last, WeakCells* weak) {
  if (p.law == Law::kBitline) {
    add_sparse_bitline(p, summary, segment, first, last, weak);
  } else {
    const uint64_t stress = segment_stress(p, summary, segment, first, last);
    add_sparse(p, segment, stress, first, last, weak);
  }
  if (summary.any_dense) add_dense(p, segment, first, last, weak);
}

}  // namespace eden
