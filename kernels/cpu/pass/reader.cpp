#include "kernels/cpu/pass/reader.h"

#include <algorithm>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace eden {
namespace {

constexpr int64_t kLine = 64;

// What a memory without errors fails.
alignas(kLine) constexpr uint8_t kNoFlips[4 * kTile] = {};

// Copies with some bits flipped, or as it is where `flips` is null.
void copy(char* to, const char* from, const uint8_t* flips, int64_t bytes) {
  if (!flips) {
    std::memcpy(to, from, static_cast<size_t>(bytes));
    return;
  }
  int64_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    uint64_t value, flipped;
    std::memcpy(&value, from + i, 8);
    std::memcpy(&flipped, flips + i, 8);
    value ^= flipped;
    std::memcpy(to + i, &value, 8);
  }
  for (; i < bytes; ++i) to[i] = static_cast<char>(from[i] ^ flips[i]);
}

// The same for a part of a tensor of which `ahead` is read next: that is fetched meanwhile, or
// reading and writing would take turns; a prefetch may go anywhere. `streaming` writes past the
// caches: the output of a large tensor would only push others out of them. Not memcpy: for so many
// bytes it too writes past them, which is wrong for a page that the system has just zeroed in them.
void copy_on(char* to, const char* from, const uint8_t* flips, int64_t bytes, const char* ahead,
             bool streaming) {
#if defined(__SSE2__)
  const auto vector = [](const void* at) {
    return _mm_loadu_si128(static_cast<const __m128i*>(at));
  };
  const auto misaligned = static_cast<int64_t>(reinterpret_cast<uintptr_t>(to) % kLine);
  const int64_t head = std::min(bytes, (kLine - misaligned) % kLine);
  const int64_t tail = bytes - (bytes - head) % kLine;
  copy(to, from, flips, head);
  for (int64_t line = head; line < tail; line += kLine) {
    _mm_prefetch(ahead + line, _MM_HINT_T0);
    for (int64_t i = line; i < line + kLine; i += 16) {
      __m128i part = vector(from + i);
      if (flips) part = _mm_xor_si128(part, vector(flips + i));
      auto* at = reinterpret_cast<__m128i*>(to + i);
      streaming ? _mm_stream_si128(at, part) : _mm_store_si128(at, part);
    }
  }
  copy(to + tail, from + tail, flips ? flips + tail : nullptr, bytes - tail);
#else
  static_cast<void>(ahead);
  static_cast<void>(streaming);
  copy(to, from, flips, bytes);
#endif
}

// Sets the bits of the implausible elements, the first of which is number `flat`. Units may share
// the first and the last byte, hence the atomics; those between are this unit's.
void set_marks(uint8_t* marks, int64_t flat, const uint8_t* implausible, int64_t n) {
  const auto gather = [&](int64_t begin, int64_t end) {
    uint8_t byte = 0;
    for (int64_t i = begin; i < end; ++i) {
      byte = static_cast<uint8_t>(byte | implausible[i] << ((flat + i) % 8));
    }
    if (byte != 0) __atomic_fetch_or(marks + (flat + begin) / 8, byte, __ATOMIC_RELAXED);
  };
  const int64_t head = std::min(n, (8 - flat % 8) % 8);
  gather(0, head);
  int64_t i = head;
  uint8_t* byte = marks + (flat + head) / 8;
  for (; i + 8 <= n; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, implausible + i, 8);
    // Moves the lowest bit of byte k to bit 56 + k.
    *byte++ = static_cast<uint8_t>((eight * 0x0102040810204080u) >> 56);
  }
  gather(i, n);
}

}  // namespace

// The scale of each element of a tile: one number for all, or one a channel, which may be short.
// Only in the first case may elements be those of several copies.
class Reader::Scales {
 public:
  explicit Scales(const InjectParams& p)
      : scales_(p.scales),
        per_scale_(p.scale_count > 1 ? p.elements / p.scale_count : p.elements * p.copies) {}

  // n is no more than in the calls before.
  const float* of(int64_t begin, int64_t n) {
    if (!scales_) return values_;
    int64_t channel = begin / per_scale_;
    int64_t next = (channel + 1) * per_scale_;
    if (channel == filled_ && begin + n <= next) return values_;
    filled_ = begin + n <= next ? channel : -1;
    for (int64_t i = 0; i < n; ++channel, next += per_scale_) {
      const int64_t stop = std::min(n, next - begin);
      // Short channels are the slow case: whole vectors, the last beyond the channel's end.
      for (; i < stop; i += kStep) std::fill_n(values_ + i, kStep, scales_[channel]);
      i = stop;
    }
    return values_;
  }

 private:
  static constexpr int64_t kStep = 16;

  const float* scales_;
  int64_t per_scale_;
  int64_t filled_ = -1;  // the channel whose scale is everywhere, if there is one
  alignas(kLine) float values_[kTile + kStep];
};

Reader::Reader(const InjectParams& params, int64_t copy, Layout layout, Bounds bounds,
               bool streaming, Isa isa, CopyWay way)
    : p_(params),
      passes_(tile_passes(isa, params.element, params.stored, params.correction)),
      flat_(copy * params.elements),
      layout_(layout),
      way_(way),
      streaming_(streaming) {
  if (passes_.correct) {
    const float scale = params.scales ? params.scales[0] : 1.0f;
    limits_ = limits_of(params.element, params.stored, params.correction, bounds, scale);
  }
  input_ = static_cast<const char*>(params.input) + flat_ * layout_.element_bytes;
  output_ = static_cast<char*>(params.output) + flat_ * layout_.element_bytes;
}

// Writes n elements, from `values` on, that need no pass but flips, or null.
void Reader::write(int64_t element, const void* values, const uint8_t* flips, int64_t n) const {
  char* to = output_ + element * layout_.element_bytes;
  const auto* from = static_cast<const char*>(values);
  const int64_t bytes = n * layout_.element_bytes;
  if (way_.library && !flips) return copy(to, from, nullptr, bytes);
  // What is read now is on its way as it is: to ask for it costs next to nothing.
  const char* ahead = way_.fetches ? input_ + (element + n) * layout_.element_bytes : from;
  copy_on(to, from, flips, bytes, ahead, streaming_);
}

void Reader::read(int64_t begin, int64_t end, const uint8_t* flips) const {
  const bool fails = flips || !layout_.native;
  if (layout_.native && !passes_.correct) {
    write(begin, input_ + begin * layout_.element_bytes, flips, end - begin);
    return;
  }
  alignas(kLine) char failed[4 * kTile];
  alignas(kLine) char corrected[4 * kTile];
  alignas(kLine) uint8_t implausible[kTile];
  Scales scales(p_);
  Tile tile{};
  tile.implausible = implausible;
  tile.limits = limits_;
  for (int64_t first = begin; first < end; first += kTile) {
    tile.n = std::min(kTile, end - first);
    tile.input = input_ + first * layout_.element_bytes;
    // Only the last pass writes to the output, and not itself where that shall be streamed.
    char* const out = output_ + first * layout_.element_bytes;
    if (fails) {
      tile.flips = flips ? flips + (first - begin) * layout_.code_bits / 8 : kNoFlips;
      tile.scales = scales.of(first, tile.n);
      tile.output = passes_.correct || streaming_ ? failed : out;
      passes_.fail(tile);
      tile.input = tile.output;
    }
    if (passes_.correct) {
      tile.output = streaming_ ? corrected : out;
      const bool any = passes_.correct(tile);
      if (any && p_.scale_count > 1 && passes_.saturate) passes_.saturate(tile);
      if (any && p_.corrected) set_marks(p_.corrected, flat_ + first, implausible, tile.n);
    }
    if (streaming_) write(first, tile.output, nullptr, tile.n);
  }
}

void Reader::codes(int64_t begin, int64_t end, uint8_t* bits, int embedded) const {
  if (layout_.native && embedded == 0) {
    std::memcpy(bits, input_ + begin * layout_.element_bytes,
                static_cast<size_t>((end - begin) * layout_.element_bytes));
    return;
  }
  Scales scales(p_);
  Tile tile{};
  tile.embedded = embedded;
  const auto encode = embedded == 0 ? passes_.encode : passes_.encode_embedded;
  for (int64_t first = begin; first < end; first += kTile) {
    tile.n = std::min(kTile, end - first);
    tile.input = input_ + first * layout_.element_bytes;
    tile.scales = scales.of(first, tile.n);
    tile.codes = bits + (first - begin) * layout_.code_bits / 8;
    encode(tile);
  }
}

void Reader::majority(uint8_t* bits, int64_t n, int embedded) const {
  Tile tile{};
  tile.embedded = embedded;
  for (int64_t first = 0; first < n; first += kTile) {
    tile.n = std::min(kTile, n - first);
    tile.codes = bits + first * layout_.code_bits / 8;
    passes_.majority(tile);
  }
}

void streams_done() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace eden
