#pragma once

#include <cstdint>

#include "kernels/access/entry.h"
#include "kernels/cuda/segment.h"
#include "kernels/law/poisson.h"

// The weak cells of the sparse rungs, by points (docs/rng.md).

namespace eden {

// The streams that a segment may read; a stream is a rung, for bitlines of an interval of ranks.
struct SegmentStreams {
  bool bitline;
  int intervals;     // in each rung
  int columns_log2;  // of a row

  EDEN_HD explicit SegmentStreams(const InjectParams& p)
      : bitline(p.lookup == Lookup::kBitline), columns_log2(log2_exact(8 * p.row_bytes)) {
    // Interval i > 0 ends at 2^(6 + i).
    intervals = bitline ? columns_log2 - 5 : 1;
  }
  EDEN_HD int count() const { return kSparseRungs * intervals; }
  EDEN_HD int rung(int stream) const { return bitline ? stream / intervals : stream; }
  EDEN_HD int interval(int stream) const { return bitline ? stream % intervals : 0; }
  EDEN_HD int cells_log2(int interval) const {
    return bitline ? interval_size_log2(interval) + 16 - columns_log2 : 16;
  }
  template <class Key>
  EDEN_HD PhiloxBlock block(const Key& key, uint64_t segment, int stream, int index) const {
    return random_block(key, segment, bitline ? Purpose::kBitlinePoints : Purpose::kPoints,
                        static_cast<uint32_t>(rung(stream)),
                        static_cast<uint32_t>(interval(stream)), static_cast<uint32_t>(index));
  }
};

// The greatest random number whose point of a rung lies before `stress`: one comparison for each
// point. For a rung that starts before it.
EDEN_HD inline uint64_t last_number(int rung, uint64_t stress) {
  const uint64_t steps = (stress - rung_start(rung) - 1) >> (rung > 1 ? rung - 1 : 0);
  return steps >> 48 != 0 ? ~uint64_t{0} : (steps << 16) | 0xFFFF;
}

// Adds the cell of one point, if that makes it weak.
template <class Block>
EDEN_HD inline void add_point(Block& block, const InjectParams& p, const SegmentStreams& streams,
                              const SegmentRange& range, SegmentShared& s, int stream, uint64_t r) {
  uint32_t cell = static_cast<uint32_t>(r) & (kSegmentBits - 1);
  if (streams.bitline) {
    const RankedPoint point = ranked_point(streams.interval(stream), streams.columns_log2, r);
    // The order was not checked; a wrong one must not lead outside of the table.
    const uint32_t column =
        static_cast<uint32_t>(p.rank_columns[point.rank]) & ((1u << streams.columns_log2) - 1);
    cell = (point.row << streams.columns_log2) | column;
  }
  const int bit = static_cast<int>(cell);
  if (bit < range.first || bit >= range.last) return;
  if (p.lookup == Lookup::kCell) {
    if (r > s.last_number[stream]) return;
  } else if (point_time(streams.rung(stream), r) >= entry_of(p, range.segment, cell).stress) {
    return;
  }
  const uint32_t before = block.atomic_or(&s.weak[cell / 32], uint32_t{1} << (cell % 32));
  if (before == 0 && (s.facts & kSurvives) != 0) list_word(block, s, cell / 32);
}

// The stream that owns a block of random numbers, `begin` being where each starts.
EDEN_HD inline int stream_of(const int* begin, int streams, int number) {
  int low = 0;
  for (int high = streams; high - low > 1;) {
    const int middle = (low + high) / 2;
    (begin[middle] <= number ? low : high) = middle;
  }
  return low;
}

// Three phases: the counts; who owns which random numbers; the points, shared out evenly, since
// half of all of them belong to the last rung.
template <class Block>
EDEN_HD void add_sparse(Block& block, const InjectParams& p, const PoissonTables& tables,
                        const BitlineSummary* summary, const SegmentRange& range,
                        SegmentShared& s) {
  const SegmentStreams streams(p);
  block.each([&](int t) {
    const uint64_t key = p.key[0];
    for (int stream = t; stream < streams.count(); stream += block.threads()) {
      const int interval = streams.interval(stream);
      const uint64_t stress = streams.bitline ? summary->interval_stress[interval] : s.stress;
      const int rung = streams.rung(stream);
      if (p.lookup == Lookup::kCell) s.last_number[stream] = last_number(rung, stress);
      s.stream_count[stream] =
          rung_start(rung) < stress
              ? poisson_count(tables, rung_mean_log2(rung, streams.cells_log2(interval)),
                              streams.block(key, range.segment, stream, 0).number(0))
              : 0;
    }
  });
  block.barrier();
  block.each([&](int t) {
    // Each adds up for itself: one after the other would take longer.
    for (int stream = t; stream <= streams.count(); stream += block.threads()) {
      int begin = 0;
      for (int before = 0; before < stream; ++before) {
        // Number 0 of a stream was its count, a block holds two.
        const int count = s.stream_count[before];
        begin += count > 0 ? 1 + count / 2 : 0;
      }
      s.stream_begin[stream] = begin;
    }
  });
  block.barrier();
  block.each([&](int t) {
    const PhiloxKeys key = held_keys<Block>(p.key[0]);
    for (int b = t; b < s.stream_begin[streams.count()]; b += block.threads()) {
      const int stream = stream_of(s.stream_begin, streams.count(), b);
      const int index = b - s.stream_begin[stream];
      const PhiloxBlock numbers = streams.block(key, range.segment, stream, index);
      if (index > 0) add_point(block, p, streams, range, s, stream, numbers.number(0));
      if (2 * index + 1 <= s.stream_count[stream]) {
        add_point(block, p, streams, range, s, stream, numbers.number(1));
      }
    }
  });
  block.barrier();
}

}  // namespace eden
