#include "kernels/cpu/weak.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/decide.h"
#include "kernels/cpu/thresholds.h"
#include "kernels/poisson.h"

namespace eden {
namespace {

constexpr int kMostStreams = kSparseRungs * 11;
constexpr int kMostPoints = 1024;  // more than the greatest count of any table

// From this stress on, 2^-10, a segment holds 64 weak cells or more.
constexpr uint64_t kManyWeak = uint64_t{1} << 54;

// The streams of points of one segment: first the number that makes the count of each.
struct Streams {
  uint32_t what[kMostStreams + kDrawSlack];
  uint8_t rung[kMostStreams];
  uint8_t interval[kMostStreams];
  int count = 0;
  uint64_t heads[2 * (kMostStreams + kDrawSlack)];
  uint64_t points[kMostPoints + 2 * kDrawSlack];

  void add(Purpose purpose, int rung_number, int interval_number) {
    what[count] = static_cast<uint32_t>(purpose) | (static_cast<uint32_t>(rung_number) << 8) |
                  (static_cast<uint32_t>(interval_number) << 16);
    rung[count] = static_cast<uint8_t>(rung_number);
    interval[count] = static_cast<uint8_t>(interval_number);
    ++count;
  }

  // Calls visit(rung, interval, points, how many) for each stream that has points.
  template <class CellsLog2, class Visit>
  void draw_all(const Draw& draw, uint64_t key, uint64_t segment, CellsLog2 cells_log2,
                Visit visit) {
    draw.heads(key, segment, what, count, heads);
    for (int i = 0; i < count; ++i) {
      const int mean_log2 = rung_mean_log2(rung[i], cells_log2(interval[i]));
      const int n = poisson_count(kPoisson, mean_log2, heads[2 * i]);
      if (n == 0) continue;
      points[0] = heads[2 * i + 1];
      if (n > 1) draw.stream(key, segment, what[i], 1, n / 2, points + 1);
      visit(rung[i], interval[i], points, n);
    }
  }
};

// Marks those of n points that `found` finds, without a branch: what it returns decides what is
// written, not where to go on.
template <class CellOf, class Found>
void mark_points(const uint64_t* points, int n, WeakCells* weak, CellOf cell_of, Found found) {
  if (!weak->listed) {
    for (int i = 0; i < n; ++i) {
      const uint32_t cell = cell_of(points[i]);
      weak->mask[cell / 32] |= static_cast<uint32_t>(found(points[i], cell)) << (cell % 32);
    }
    return;
  }
  int count = weak->count;
  for (int i = 0; i < n; ++i) {
    const uint32_t cell = cell_of(points[i]);
    const uint32_t word = cell / 32;
    const bool is_found = found(points[i], cell);
    const uint32_t before = weak->mask[word];
    weak->mask[word] = before | (static_cast<uint32_t>(is_found) << (cell % 32));
    weak->words[count] = static_cast<uint16_t>(word);
    count += static_cast<int>(is_found) & static_cast<int>(before == 0);
  }
  weak->count = count;
}

uint32_t position_of(uint64_t point) { return static_cast<uint32_t>(point) & 0xFFFF; }

// Stresses of the rows of a segment; for other models than the wordline's it is one row.
struct Rows {
  uint64_t stress[kSegmentBits / (8 * 64)];
  int bits_log2 = 16;
  uint64_t greatest = 0;
  uint64_t least = ~uint64_t{0};

  Rows(const InjectParams& p, uint64_t segment, int first, int last) {
    if (p.law == Law::kWordline) bits_log2 = std::min(16, log2_exact(8 * p.row_bytes));
    for (int row = first >> bits_log2; row <= (last - 1) >> bits_log2; ++row) {
      stress[row] = entry_of(p, segment, static_cast<uint32_t>(row) << bits_log2).stress;
      greatest = std::max(greatest, stress[row]);
      least = std::min(least, stress[row]);
    }
  }
};

void add_sparse(const InjectParams& p, const Draw& draw, uint64_t segment, int first, int last,
                Streams* streams, WeakCells* weak) {
  const Rows rows(p, segment, first, last);
  for (int rung = 0; rung < kSparseRungs && rung_start(rung) < rows.greatest; ++rung) {
    streams->add(Purpose::kPoints, rung, 0);
  }
  const bool whole = first == 0 && last == kSegmentBits;
  const uint32_t begin = static_cast<uint32_t>(first);
  const uint32_t length = static_cast<uint32_t>(last - first);
  streams->draw_all(
      draw, p.key[0], segment, [](int) { return 16; },
      [&](int rung, int, const uint64_t* points, int n) {
        if (whole && rung_start(rung + 1) <= rows.least) {
          mark_points(points, n, weak, position_of, [](uint64_t, uint32_t) { return true; });
        } else if (whole && rows.least == rows.greatest) {
          mark_points(points, n, weak, position_of, [&](uint64_t point, uint32_t) {
            return point_time(rung, point) < rows.least;
          });
        } else {
          mark_points(points, n, weak, position_of, [&](uint64_t point, uint32_t cell) {
            const bool within = cell - begin < length;
            const uint64_t stress = rows.stress[(within ? cell : begin) >> rows.bits_log2];
            return within & (point_time(rung, point) < stress);
          });
        }
      });
}

void add_sparse_bitline(const InjectParams& p, const TableSummary& summary, const Draw& draw,
                        uint64_t segment, int first, int last, Streams* streams, WeakCells* weak) {
  const int columns_log2 = log2_exact(8 * p.row_bytes);
  const auto cells_log2 = [&](int i) { return interval_size_log2(i) + 16 - columns_log2; };
  for (int rung = 0; rung < kSparseRungs; ++rung) {
    for (int i = 0; i < summary.intervals; ++i) {
      if (summary.interval_greatest[i] > rung_start(rung)) {
        streams->add(Purpose::kBitlinePoints, rung, i);
      }
    }
  }
  const uint32_t begin = static_cast<uint32_t>(first);
  const uint32_t length = static_cast<uint32_t>(last - first);
  streams->draw_all(
      draw, p.key[0], segment, cells_log2, [&](int rung, int i, const uint64_t* points, int n) {
        const int size_log2 = interval_size_log2(i);
        const uint32_t size_mask = (1u << size_log2) - 1;
        const uint32_t cells_mask = (1u << cells_log2(i)) - 1;
        const int32_t* columns = p.rank_columns + interval_begin(i);
        const bool all = rung_start(rung + 1) <= summary.interval_least[i];
        const auto column_of = [&](uint64_t point) {
          const uint32_t position = position_of(point) & cells_mask;
          return static_cast<uint32_t>(columns[position & size_mask]);
        };
        const auto cell_of = [&](uint64_t point) {
          const uint32_t row = (position_of(point) & cells_mask) >> size_log2;
          return (row << columns_log2) | column_of(point);
        };
        mark_points(points, n, weak, cell_of, [&](uint64_t point, uint32_t cell) {
          const bool within = cell - begin < length;
          return within & (all || point_time(rung, point) < p.table[column_of(point)].stress);
        });
      });
}

// Lanes of a word among bits [first, last) of its segment.
uint32_t lanes_within(int word, int first, int last) {
  uint32_t lanes = ~uint32_t{0};
  if (32 * word < first) lanes <<= first % 32;
  if (32 * word + 32 > last) lanes &= (uint32_t{1} << (last % 32)) - 1;
  return lanes;
}

// Writes the words of a chunk that have lanes to decide to `groups`, and marks lanes that are weak
// without a number.
template <class Member>
void gather(const Thresholds<Member>& thresholds, bool same, int begin, int end, int first,
            int last, Groups* groups, WeakCells* weak) {
  groups->count = 0;
  if (same && 32 * begin >= first && 32 * end <= last) {
    const uint32_t some = thresholds.some(0);
    const uint32_t always = thresholds.always(0);
    for (int i = 0; i < end - begin; ++i) {
      weak->mask[begin + i] |= always;
      groups->words[i] = static_cast<uint16_t>(begin + i);
      groups->open[i] = some;
    }
    groups->count = some != 0 ? end - begin : 0;
    return;
  }
  for (int word = begin; word < end; ++word) {
    const uint32_t lanes = lanes_within(word, first, last);
    weak->mask[word] |= lanes & thresholds.always(static_cast<uint32_t>(word));
    groups->add(word, lanes & thresholds.some(static_cast<uint32_t>(word)));
  }
}

void add_dense(const InjectParams& p, const TableSummary& summary, const Draw& draw,
               uint64_t segment, int first, int last, WeakCells* weak) {
  const Thresholds thresholds(p, segment, &TableEntry::dense, summary.dense);
  const bool same = p.law == Law::kCell;
  Groups groups;
  uint16_t words[kChunkWords];
  alignas(64) uint32_t taken[kChunkWords + kDrawSlack];
  const int end = (last + 31) / 32;
  for (int chunk = first / 32; chunk < end; chunk += kChunkWords) {
    gather(thresholds, same, chunk, std::min(end, chunk + kChunkWords), first, last, &groups, weak);
    const int n = groups.count;
    if (n == 0) continue;
    std::copy_n(groups.words, n, words);
    decide(draw, p.key[0], segment, Purpose::kDense, 2, same, &groups, taken,
           [&](const uint16_t* where, int count, int plane, int planes, uint32_t* out) {
             for (int j = 0; j < planes; ++j) {
               for (int i = 0; i < (same ? 1 : count); ++i) {
                 out[j * kChunkWords + i] = thresholds.plane(words[where[i]], plane + j);
               }
             }
           });
    if (n == kChunkWords) {
      for (int i = 0; i < n; ++i) weak->mask[chunk + i] |= taken[i];
    } else {
      for (int i = 0; i < n; ++i) weak->mask[words[i]] |= taken[i];
    }
  }
  if (!weak->listed) return;
  weak->count = end - first / 32;
  for (int i = 0; i < weak->count; ++i) weak->words[i] = static_cast<uint16_t>(first / 32 + i);
}

}  // namespace

void WeakCells::clear() {
  if (count > kSegmentWords / 16) {
    std::memset(mask, 0, sizeof mask);
  } else {
    for (int i = 0; i < count; ++i) mask[words[i]] = 0;
  }
  count = 0;
}

void find_weak_cells(const InjectParams& p, const TableSummary& summary, const Draw& draw,
                     uint64_t segment, int first, int last, WeakCells* weak) {
  weak->listed = !summary.always_fails || summary.greatest_stress < kManyWeak;
  if (!weak->listed) weak->count = kSegmentWords;
  if (summary.greatest_stress > 0) {
    Streams streams;
    if (p.law == Law::kBitline) {
      add_sparse_bitline(p, summary, draw, segment, first, last, &streams, weak);
    } else {
      add_sparse(p, draw, segment, first, last, &streams, weak);
    }
  }
  if (summary.any_dense) add_dense(p, summary, draw, segment, first, last, weak);
}

}  // namespace eden
