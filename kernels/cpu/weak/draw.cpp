#include "kernels/cpu/weak/draw.h"

#include "kernels/law/cells.h"

namespace eden {
namespace {

PhiloxBlock block_of(uint64_t key, uint64_t place, uint32_t what, uint32_t index) {
  return philox4x32(static_cast<uint32_t>(place), static_cast<uint32_t>(place >> 32), what, index,
                    key);
}

void blocks_of(uint64_t key, uint64_t place, const uint32_t* what, const uint32_t* index, int n,
               uint64_t* numbers) {
  for (int i = 0; i < n; ++i) {
    const PhiloxBlock block = block_of(key, place, what[i], index[i]);
    numbers[2 * i] = block.number(0);
    numbers[2 * i + 1] = block.number(1);
  }
}

void compare(uint64_t key, uint64_t place, Purpose purpose, uint32_t first, int blocks, int n,
             const uint16_t* words, const uint32_t* planes, bool same, uint32_t* open,
             uint32_t* taken) {
  for (int i = 0; i < n; ++i) {
    for (int b = 0; b < blocks; ++b) {
      const PhiloxBlock block = block_of(key, place + words[i], static_cast<uint32_t>(purpose),
                                         first + static_cast<uint32_t>(b));
      for (int j = 0; j < 4; ++j) {
        const uint32_t threshold = planes[(4 * b + j) * kSegmentWords + (same ? 0 : i)];
        taken[i] |= open[i] & threshold & ~block.word[j];
        open[i] &= ~(threshold ^ block.word[j]);
      }
    }
  }
}

int keep_open(int n, const uint32_t* open, uint16_t* kept) {
  int count = 0;
  for (int i = 0; i < n; ++i) {
    kept[count] = static_cast<uint16_t>(i);
    count += open[i] != 0;
  }
  return count;
}

bool locate(const BitlineCells& among, const uint64_t* numbers, const StreamCode* codes, int n,
            PointCell* cells) {
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

}  // namespace

const Draw kDrawPortable{blocks_of, compare, keep_open, locate};

const Draw& draw(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return kDrawAvx512;
  if (isa == Isa::kAvx2) return kDrawAvx2;
#endif
  (void)isa;
  return kDrawPortable;
}

}  // namespace eden
