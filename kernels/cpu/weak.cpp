#include "kernels/cpu/weak.h"

#include <algorithm>

#include "kernels/cpu/decide.h"
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
  bool any_dense = false;

  Rows(const InjectParams& p, uint64_t segment, int first, int last) {
    if (p.law == Law::kWordline) bits_log2 = std::min(16, log2_exact(8 * p.row_bytes));
    for (int row = first >> bits_log2; row <= (last - 1) >> bits_log2; ++row) {
      const TableEntry& entry = entry_of(p, segment, static_cast<uint32_t>(row) << bits_log2);
      stress[row] = entry.stress;
      any_dense |= entry.dense != 0;
      greatest = std::max(greatest, stress[row]);
      least = std::min(least, stress[row]);
    }
  }
};

void add_sparse(const InjectParams& p, const Rows& rows, const Draw& draw, uint64_t segment,
                int first, int last, Streams* streams, WeakCells* weak) {
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
        const RankedBitline* ranks = &summary.ranks[interval_begin(i)];
        const bool all = rung_start(rung + 1) <= summary.interval_least[i];
        const auto ranked = [&](uint64_t point) {
          return ranks[position_of(point) & cells_mask & size_mask];
        };
        const auto cell_of = [&](uint64_t point) {
          const uint32_t row = (position_of(point) & cells_mask) >> size_log2;
          return (row << columns_log2) | ranked(point).column();
        };
        mark_points(points, n, weak, cell_of, [&](uint64_t point, uint32_t cell) {
          const bool within = cell - begin < length;
          const uint64_t time = point_time(rung, point);
          const RankedBitline bitline = ranked(point);
          if (time >> RankedBitline::kDropped == bitline.stress()) {  // as good as never
            return within & (time < p.table[bitline.column()].stress);
          }
          return within & (all | (time >> RankedBitline::kDropped < bitline.stress()));
        });
      });
}

// Lanes of a word among bits [first, last) of its segment.
uint32_t lanes_within(int word, int first, int last) {
  const int begin = std::clamp(first - 32 * word, 0, 32);
  const int end = std::clamp(last - 32 * word, 0, 32);
  const auto below = [](int lane) { return static_cast<uint32_t>((uint64_t{1} << lane) - 1); };
  return below(end) & ~below(begin);
}

// Words [begin, end) of a segment, all cells of which have one threshold.
void add_dense_words(const InjectParams& p, const Draw& draw, uint64_t segment, uint64_t threshold,
                     int begin, int end, int first, int last, WeakCells* weak) {
  Groups groups;
  alignas(64) uint32_t taken[kChunkWords + kDrawSlack];
  for (int chunk = begin; chunk < end; chunk += kChunkWords) {
    const int n = std::min(end - chunk, kChunkWords);
    groups.count = n;
    for (int i = 0; i < n; ++i) {
      groups.words[i] = static_cast<uint16_t>(chunk + i);
      groups.open[i] = ~uint32_t{0};
    }
    groups.open[0] = lanes_within(chunk, first, last);
    groups.open[n - 1] = lanes_within(chunk + n - 1, first, last);
    if (threshold == kAlways) {
      for (int i = 0; i < n; ++i) weak->mask[chunk + i] |= groups.open[i];
      continue;
    }
    decide(draw, p.key[0], segment, Purpose::kDense, 2, true, &groups, taken,
           [&](const uint16_t*, int, int plane, int planes, uint32_t* room) {
             for (int j = 0; j < planes; ++j) {
               room[j * kChunkWords] = equal_plane(threshold, plane + j);
             }
             return room;
           });
    for (int i = 0; i < n; ++i) weak->mask[chunk + i] |= taken[i];
  }
}

// One row after the other; for other models than the wordline's all is one row.
void add_dense_rows(const InjectParams& p, const Draw& draw, uint64_t segment, int first, int last,
                    WeakCells* weak) {
  const int row_bits = p.law == Law::kWordline ? static_cast<int>(8 * p.row_bytes) : kSegmentBits;
  for (int row = first & -row_bits; row < last; row += row_bits) {
    const uint64_t threshold = entry_of(p, segment, static_cast<uint32_t>(row)).dense;
    if (threshold == 0) continue;
    const int begin = std::max(row, first) / 32;
    const int end = (std::min(row + row_bits, last) + 31) / 32;
    add_dense_words(p, draw, segment, threshold, begin, end, first, last, weak);
  }
}

void add_dense_bitline(const InjectParams& p, const DenseWords& dense, const Draw& draw,
                       uint64_t segment, int first, int last, WeakCells* weak) {
  Groups groups;
  alignas(64) uint32_t taken[kChunkWords + kDrawSlack];
  const bool whole = first == 0 && last == kSegmentBits;
  const int count = static_cast<int>(dense.words.size());
  for (int chunk = 0; chunk < count; chunk += kChunkWords) {
    const int n = std::min(count - chunk, kChunkWords);
    const uint16_t* words = &dense.words[static_cast<size_t>(chunk)];
    const uint32_t* ready = &dense.planes[static_cast<size_t>(chunk) * kReadyPlanes];
    groups.count = n;
    for (int i = 0; i < n; ++i) {
      const uint32_t lanes = whole ? ~uint32_t{0} : lanes_within(words[i], first, last);
      groups.words[i] = words[i];
      groups.open[i] = lanes & dense.some[static_cast<size_t>(chunk + i)];
      weak->mask[words[i]] |= lanes & dense.always[static_cast<size_t>(chunk + i)];
    }
    // Most words hold few dense bitlines: one block mostly decides them.
    decide(draw, p.key[0], segment, Purpose::kDense, 1, false, &groups, taken,
           [&](const uint16_t* where, int m, int plane, int planes, uint32_t* room) {
             if (plane == 0) return ready;
             for (int j = 0; j < planes; ++j) {
               for (int i = 0; i < m; ++i) {
                 const int k = where[i];
                 room[j * kChunkWords + i] =
                     plane + j < kReadyPlanes
                         ? ready[(plane + j) * kChunkWords + k]
                         : gathered_plane(&entry_of(p, segment, 32u * words[k]), &TableEntry::dense,
                                          groups.open[i], plane + j);
               }
             }
             return static_cast<const uint32_t*>(room);
           });
    for (int i = 0; i < n; ++i) weak->mask[words[i]] |= taken[i];
  }
}

// Lists the words of the mask that are not zero.
void list_words(const Draw& draw, int first, int last, WeakCells* weak) {
  Groups groups;
  uint16_t where[kChunkWords + kDrawSlack] = {};
  weak->count = 0;
  const int end = (last + 31) / 32;
  for (int chunk = first / 32; chunk < end; chunk += kChunkWords) {
    const int n = std::min(end - chunk, kChunkWords);
    for (int i = 0; i < n; ++i) {
      groups.words[i] = static_cast<uint16_t>(chunk + i);
      groups.open[i] = weak->mask[chunk + i];
    }
    const int kept = draw.keep_open(n, groups.words, where, groups.open);
    std::copy_n(groups.words, kept, weak->words + weak->count);
    weak->count += kept;
  }
}

}  // namespace

void WeakCells::clear() {
  if (count > kSegmentWords / 16) {
    // Not memset: for so many bytes it writes round the first cache, which costs as much here as
    // the whole segment's copy. The barrier keeps the compiler from calling it.
    for (int i = 0; i < kSegmentWords; i += 16) {
      for (int j = i; j < i + 16; ++j) mask[j] = 0;
      asm volatile("" ::"r"(mask) : "memory");
    }
  } else {
    for (int i = 0; i < count; ++i) mask[words[i]] = 0;
  }
  count = 0;
}

void find_weak_cells(const InjectParams& p, const TableSummary& summary, const Draw& draw,
                     uint64_t segment, int first, int last, WeakCells* weak) {
  if (p.law == Law::kBitline) {
    const bool dense = !summary.dense.words.empty();
    weak->listed = !dense && !(summary.always_fails && summary.mean_stress >= kManyWeak);
    if (summary.greatest_stress > 0) {
      Streams streams;
      add_sparse_bitline(p, summary, draw, segment, first, last, &streams, weak);
    }
    if (dense) add_dense_bitline(p, summary.dense, draw, segment, first, last, weak);
  } else {
    const Rows rows(p, segment, first, last);
    weak->listed = !rows.any_dense && !(summary.always_fails && rows.least >= kManyWeak);
    if (rows.greatest > 0) {
      Streams streams;
      add_sparse(p, rows, draw, segment, first, last, &streams, weak);
    }
    if (rows.any_dense) add_dense_rows(p, draw, segment, first, last, weak);
  }
  if (weak->listed) return;
  if (summary.always_fails) {
    weak->count = kSegmentWords;
  } else {
    list_words(draw, first, last, weak);
  }
}

}  // namespace eden
