#include "kernels/cpu/weak/weak.h"

#include <algorithm>

#include "kernels/access/entry.h"
#include "kernels/access/known.h"
#include "kernels/access/stored_bits.h"

namespace eden {
namespace {

// So many weak cells of a segment, found or expected, are not listed if they always fail.
constexpr int kManyWeak = 64;

// Whether so many are expected among `bits` cells of a stress.
constexpr bool many_weak(uint64_t stress, int bits) {
  return (stress >> 16) * static_cast<uint64_t>(bits) >= uint64_t{kManyWeak} << 48;
}

// Marks the cells of n points: cell_of(i) is that of point i. No branch: whether it is weak
// decides what is written, not where to go on.
template <class CellOf>
void mark_points(int64_t n, WeakCells* weak, CellOf cell_of) {
  if (weak->list == WeakCells::List::kLeftOut) {
    for (int64_t i = 0; i < n; ++i) {
      const PointCell point = cell_of(i);
      weak->mask[point.word()] |= point.lane_if_found();
    }
    return;
  }
  int count = weak->count;
  for (int64_t i = 0; i < n; ++i) {
    const PointCell point = cell_of(i);
    const uint32_t before = weak->mask[point.word()];
    weak->mask[point.word()] = before | point.lane_if_found();
    weak->words[count] = static_cast<uint16_t>(point.word());
    count += static_cast<int>(point.found()) & static_cast<int>(before == 0);
  }
  weak->count = count;
}

// Stresses of the rows of a segment; for other models than the wordline's it is one row.
struct Rows {
  uint64_t stress[kSegmentBits / (8 * 64)];
  int bits_log2 = 16;
  uint64_t greatest = 0;
  uint64_t least = ~uint64_t{0};
  bool any_dense = false;

  Rows(const InjectParams& p, uint64_t segment, int first, int last) {
    if (p.lookup == Lookup::kWordline) bits_log2 = std::min(16, log2_exact(8 * p.row_bytes));
    for (int row = first >> bits_log2; row <= (last - 1) >> bits_log2; ++row) {
      const TableEntry& entry = entry_of(p, segment, static_cast<uint32_t>(row) << bits_log2);
      stress[row] = entry.stress;
      any_dense |= entry.dense != 0;
      greatest = std::max(greatest, stress[row]);
      least = std::min(least, stress[row]);
    }
  }
};

void add_sparse(const Search& search, const StoredBits::Part& part, const Rows& rows, Points* drawn,
                WeakCells* weak) {
  const int first = part.first, last = part.last;
  const PointStreams& streams = search.summary.streams;
  int n = 0;
  while (n < streams.count() && rung_start(streams[n].rung()) < rows.greatest) ++n;
  streams.draw(search.draw, search.params.key[0], part.segment, n, drawn);
  const Points& points = *drawn;
  const bool whole = first == 0 && last == kSegmentBits;
  const uint32_t begin = static_cast<uint32_t>(first);
  const uint32_t length = static_cast<uint32_t>(last - first);
  const auto by_row = [&](int rung, uint64_t point) {
    const uint32_t cell = static_cast<uint16_t>(point);
    const bool within = cell - begin < length;
    const uint64_t stress = rows.stress[(within ? cell : begin) >> rows.bits_log2];
    return PointCell(cell, within & (point_time(rung, point) < stress));
  };
  mark_points(points.live, weak,
              [&](int k) { return by_row(streams[points.stream[k]].rung(), points.firsts()[k]); });
  for (int k = 0; k < points.live; ++k) {
    const int rung = streams[points.stream[k]].rung();
    const uint64_t* rest = points.number + points.begin[k];
    const auto cell = [&](int i) { return static_cast<uint32_t>(static_cast<uint16_t>(rest[i])); };
    if (whole && rung_start(rung + 1) <= rows.least) {
      mark_points(points.rest[k], weak, [&](int i) { return PointCell(cell(i), true); });
    } else if (whole && rows.least == rows.greatest) {
      mark_points(points.rest[k], weak, [&](int i) {
        return PointCell(cell(i), point_time(rung, rest[i]) < rows.least);
      });
    } else {
      mark_points(points.rest[k], weak, [&](int i) { return by_row(rung, rest[i]); });
    }
  }
}

void add_sparse_bitline(const Search& search, const StoredBits::Part& part,
                        SearchRoom::Sparse* room, WeakCells* weak) {
  const InjectParams& p = search.params;
  const TableSummary& summary = search.summary;
  Points& points = room->points;
  PointCell* const cells = room->cells;
  summary.streams.draw(search.draw, p.key[0], part.segment, summary.streams.count(), &points);
  const BitlineCells among{summary.ranks.get(), log2_exact(8 * p.row_bytes),
                           static_cast<uint32_t>(part.first),
                           static_cast<uint32_t>(part.last - part.first)};
  if (!among.ranks || search.draw.locate(among, points.number, points.code, points.count, cells)) {
    for (int i = 0; i < points.count; ++i) {
      const StreamCode code = points.code[i];
      const auto point = ranked_point(code.interval(), among.columns_log2, points.number[i]);
      const auto column = static_cast<uint32_t>(p.rank_columns[point.rank]);
      const uint32_t cell = (point.row << among.columns_log2) | column;
      const bool within = cell - among.begin < among.length;
      const bool before = point_time(code.rung(), points.number[i]) < p.table[column].stress;
      cells[i] = PointCell(cell, within & before);
    }
  }
  mark_points(points.count, weak, [&](int i) { return cells[i]; });
}

// Lanes of a word among bits [first, last) of its segment.
uint32_t lanes_within(int word, int first, int last) {
  const int begin = std::clamp(first - 32 * word, 0, 32);
  const int end = std::clamp(last - 32 * word, 0, 32);
  const auto below = [](int lane) { return static_cast<uint32_t>((uint64_t{1} << lane) - 1); };
  return below(end) & ~below(begin);
}

// Words [begin, end) of a segment, all cells of which have one threshold.
void add_dense_words(const Search& search, const StoredBits::Part& part, uint64_t threshold,
                     int begin, int end, SearchRoom::Dense* room, WeakCells* weak) {
  const int n = end - begin;
  DecisionLanes& lanes = room->lanes;
  uint32_t* const open = lanes.open;
  for (int i = 0; i < n; ++i) {
    room->words[i] = static_cast<uint16_t>(begin + i);
    open[i] = ~uint32_t{0};
  }
  open[0] = lanes_within(begin, part.first, part.last);
  open[n - 1] = lanes_within(end - 1, part.first, part.last);
  if (threshold == kAlways) {
    for (int i = 0; i < n; ++i) weak->mask[begin + i] |= open[i];
    return;
  }
  const Decision d{search.params.key[0], part.segment, Purpose::kDense, 2, true, n, room->words};
  decide(search.draw, d, &lanes, lanes.taken,
         [&](const uint16_t*, int, int plane, int planes, uint32_t* to) {
           for (int j = 0; j < planes; ++j) {
             to[j * kSegmentWords] = equal_plane(threshold, plane + j);
           }
           return to;
         });
  for (int i = 0; i < n; ++i) weak->mask[begin + i] |= lanes.taken[i];
}

// One row after the other; for other models than the wordline's all is one row.
void add_dense_rows(const Search& search, const StoredBits::Part& part, SearchRoom::Dense* room,
                    WeakCells* weak) {
  const InjectParams& p = search.params;
  const int row_bits =
      p.lookup == Lookup::kWordline ? static_cast<int>(8 * p.row_bytes) : kSegmentBits;
  for (int row = part.first & -row_bits; row < part.last; row += row_bits) {
    const uint64_t threshold = entry_of(p, part.segment, static_cast<uint32_t>(row)).dense;
    if (threshold == 0) continue;
    const int begin = std::max(row, part.first) / 32;
    const int end = (std::min(row + row_bits, part.last) + 31) / 32;
    add_dense_words(search, part, threshold, begin, end, room, weak);
  }
}

// To be called while the mask is still empty.
void add_dense_bitline(const Search& search, const StoredBits::Part& part, DecisionLanes* lanes,
                       WeakCells* weak) {
  const int first = part.first, last = part.last;
  const InjectParams& p = search.params;
  const DenseWords& dense = *search.summary.dense;
  const int n = dense.count;
  const uint32_t* ready = dense.planes.get();
  uint32_t* const open = lanes->open;
  uint32_t* const taken = dense.neighbours ? weak->mask + dense.words[0] : lanes->taken;
  std::copy_n(dense.some, n, open);
  if (first != 0 || last != kSegmentBits) {
    for (int i = 0; i < n; ++i) open[i] &= lanes_within(dense.words[i], first, last);
  }
  // Most words hold few dense bitlines: one block mostly decides them.
  const Decision d{p.key[0], part.segment, Purpose::kDense, 1, false, n, dense.words};
  decide(search.draw, d, lanes, taken,
         [&](const uint16_t* where, int m, int plane, int planes, uint32_t* room) {
           if (!where) return ready;
           for (int j = 0; j < planes; ++j) {
             uint32_t* to = room + j * kSegmentWords;
             if (plane + j < DenseWords::kPlanes) {
               const uint32_t* from = ready + (plane + j) * kSegmentWords;
               for (int i = 0; i < m; ++i) to[i] = from[where[i]];
               continue;
             }
             for (int i = 0; i < m; ++i) {
               const int k = where[i];
               to[i] = gathered_plane(&entry_of(p, part.segment, 32u * dense.words[k]),
                                      &TableEntry::dense, dense.some[k], plane + j);
             }
           }
           return static_cast<const uint32_t*>(room);
         });
  if (dense.neighbours) {
    std::fill_n(taken + n, kDrawSlack, 0u);  // what was written past the end
  } else {
    for (int i = 0; i < n; ++i) weak->mask[dense.words[i]] = taken[i];
  }
  for (int i = 0; i < dense.always_count; ++i) {
    const int word = dense.always_words[i];
    weak->mask[word] |= dense.always[i] & lanes_within(word, first, last);
  }
}

// Nothing is drawn: these are the weak cells.
void add_known(const InjectParams& p, const StoredBits::Part& part, bool always_fails,
               WeakCells* weak) {
  const uint64_t start = part.segment * kSegmentBits;
  const auto begin = static_cast<uint32_t>(part.first);
  const auto length = static_cast<uint32_t>(part.last - part.first);
  const KnownCells cells = known_within(all_known(p), start + begin, start + begin + length);
  const bool many = always_fails && cells.count() >= kManyWeak;
  weak->list = many ? WeakCells::List::kLeftOut : WeakCells::List::kComplete;
  mark_points(cells.count(), weak, [&](int64_t i) {
    const auto cell = static_cast<uint16_t>(cells.begin[i].bit_address() - start);
    return PointCell(cell, cell - begin < length);
  });
}

// Lists the words of the mask that are not zero.
void list_words(const Draw& draw, const StoredBits::Part& part, WeakCells* weak) {
  const int begin = part.first / 32;
  weak->count = draw.keep_open((part.last + 31) / 32 - begin, weak->mask + begin, weak->words);
  for (int i = 0; i < weak->count; ++i) weak->words[i] += static_cast<uint16_t>(begin);
  weak->list = WeakCells::List::kComplete;
}

}  // namespace

void WeakCells::clear() {
  if (!at_most(kSegmentWords / 16)) {
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
  list = List::kComplete;
}

void find_weak_cells(const Search& search, const StoredBits::Part& part, SearchRoom* room,
                     WeakCells* weak) {
  const TableSummary& summary = search.summary;
  if (search.params.lookup == Lookup::kKnown) {
    add_known(search.params, part, summary.always_fails, weak);
    return;
  }
  // Of dense words the list is made afterwards, or not at all.
  const auto start = [&](bool dense, uint64_t stress) {
    const bool many = summary.always_fails && many_weak(stress, part.last - part.first);
    weak->list = dense || many ? WeakCells::List::kLeftOut : WeakCells::List::kComplete;
  };
  if (search.params.lookup == Lookup::kBitline) {
    const bool dense = summary.dense != nullptr;
    start(dense, summary.mean_stress);
    if (dense) add_dense_bitline(search, part, &room->dense.lanes, weak);
    if (summary.greatest_stress > 0) add_sparse_bitline(search, part, &room->sparse, weak);
  } else {
    const Rows rows(search.params, part.segment, part.first, part.last);
    start(rows.any_dense, rows.least);
    if (rows.greatest > 0) add_sparse(search, part, rows, &room->sparse.points, weak);
    if (rows.any_dense) add_dense_rows(search, part, &room->dense, weak);
  }
  if (weak->list == WeakCells::List::kLeftOut && !summary.always_fails) {
    list_words(search.draw, part, weak);
  }
}

void recall_weak_cells(const KeptCells& kept, int64_t i, const StoredBits::Part& part,
                       WeakCells* weak) {
  const auto begin = static_cast<uint32_t>(part.first);
  const auto length = static_cast<uint32_t>(part.last - part.first);
  const int64_t before = kept.before(i), n = kept.before(i + 1) - before;
  const bool many = kept.has(KeptCells::kAlwaysFails) && n >= kManyWeak;
  weak->list = many ? WeakCells::List::kLeftOut : WeakCells::List::kComplete;
  mark_points(n, weak, [&](int64_t j) {
    const uint16_t cell = kept.cell(before + j);
    return PointCell(cell, cell - begin < length);
  });
}

}  // namespace eden
