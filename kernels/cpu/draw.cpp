#include "kernels/cpu/draw.h"

namespace eden {
namespace {

PhiloxBlock block_of(uint64_t key, uint64_t place, uint32_t what, uint32_t index) {
  return philox4x32(static_cast<uint32_t>(place), static_cast<uint32_t>(place >> 32), what, index,
                    key);
}

void heads(uint64_t key, uint64_t place, const uint32_t* what, int blocks, uint64_t* numbers) {
  for (int i = 0; i < blocks; ++i) {
    const PhiloxBlock block = block_of(key, place, what[i], 0);
    numbers[2 * i] = block.number(0);
    numbers[2 * i + 1] = block.number(1);
  }
}

void stream(uint64_t key, uint64_t place, uint32_t what, uint32_t first, int blocks,
            uint64_t* numbers) {
  for (int i = 0; i < blocks; ++i) {
    const PhiloxBlock block = block_of(key, place, what, first + static_cast<uint32_t>(i));
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
        const uint32_t threshold = planes[(4 * b + j) * kChunkWords + (same ? 0 : i)];
        taken[i] |= open[i] & threshold & ~block.word[j];
        open[i] &= ~(threshold ^ block.word[j]);
      }
    }
  }
}

int keep_open(int n, uint16_t* words, uint16_t* where, uint32_t* open) {
  int kept = 0;
  for (int i = 0; i < n; ++i) {
    words[kept] = words[i];
    where[kept] = where[i];
    open[kept] = open[i];
    kept += open[i] != 0;
  }
  return kept;
}

}  // namespace

const Draw kDrawPortable{heads, stream, compare, keep_open};

const Draw& draw(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return kDrawAvx512;
  if (isa == Isa::kAvx2) return kDrawAvx2;
#endif
  (void)isa;
  return kDrawPortable;
}

}  // namespace eden
