#include "kernels/cpu/weak/draw.h"

#include "kernels/law/cells.h"

namespace eden {
namespace {

void blocks_of(uint64_t key, uint64_t unit, const uint32_t* what, const uint32_t* index, int n,
               uint64_t* numbers) {
  for (int i = 0; i < n; ++i) {
    const PhiloxBlock block = philox4x32(static_cast<uint32_t>(unit),
                                         static_cast<uint32_t>(unit >> 32), what[i], index[i], key);
    numbers[2 * i] = block.number(0);
    numbers[2 * i + 1] = block.number(1);
  }
}

void compare(const Comparison& c) {
  for (int i = 0; i < c.n; ++i) {
    for (int b = 0; b < c.blocks; ++b) {
      const PhiloxBlock block = random_block(c.key, c.unit + c.words[i], c.purpose, 0, 0,
                                             c.first + static_cast<uint32_t>(b));
      for (int j = 0; j < 4; ++j) {
        const uint32_t threshold = c.planes[(4 * b + j) * kSegmentWords + (c.same ? 0 : i)];
        c.taken[i] |= c.open[i] & threshold & ~block.word[j];
        c.open[i] &= ~(threshold ^ block.word[j]);
      }
    }
  }
}

}  // namespace

int keep_open_portable(int n, const uint32_t* open, uint16_t* kept) {
  int count = 0;
  for (int i = 0; i < n; ++i) {
    kept[count] = static_cast<uint16_t>(i);
    count += open[i] != 0;
  }
  return count;
}

bool locate_portable(const BitlineCells& among, const uint64_t* numbers, const StreamCode* codes,
                     int n, PointCell* cells) {
  bool equal = false;
  for (int i = 0; i < n; ++i) {
    const auto point = ranked_point(codes[i].interval(), among.columns_log2, numbers[i]);
    const RankedBitline bitline = among.ranks[point.rank];
    const uint32_t cell = (point.row << among.columns_log2) | bitline.column();
    const uint64_t time = point_time(codes[i].rung(), numbers[i]) >> RankedBitline::kDropped;
    const bool within = cell - among.begin < among.length;
    cells[i] = PointCell(cell, within & (time < bitline.stress()));
    equal |= time == bitline.stress();
  }
  return equal;
}

const Draw& draw(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return kDrawAvx512;
  if (isa == Isa::kAvx2) return kDrawAvx2;
#endif
  static_cast<void>(isa);
  static constexpr Draw kPortable{blocks_of, compare, keep_open_portable, locate_portable};
  return kPortable;
}

}  // namespace eden
