#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/segment.h"
#include "kernels/cuda/visit.h"
#include "kernels/formats/formats.h"

// What a load returns: encoded, failed, decoded, corrected; in one pass, 16 bytes at a time.

namespace eden {

// Bytes that a unit asks for ahead. All blocks together must not ask for more than the cache holds,
// or it has been emptied again before they read.
constexpr int kPrefetchBytes = 8192;

// One copy's share of one segment. Elements are counted from the segment's first.
template <class Element, class Codec>
class CopyLoad {
 public:
  using Raw = typename Element::Raw;
  static constexpr int kBits = Codec::kBits;
  static constexpr int kPerVector = 16 / static_cast<int>(sizeof(Raw));
  // Floats whose correction is off come as raw bytes too (inject_cuda).
  static constexpr bool kFloat = !std::is_same_v<Element, RawElement<Raw>>;

  EDEN_HD CopyLoad(const InjectParams& p, const SegmentRange& range, const SegmentShared& shared,
                   int64_t copy)
      : p_(p),
        shared_(shared),
        flat_(copy * p.elements + (range.begin + range.first) / kBits),
        input_(static_cast<const Raw*>(p.input) + flat_),
        output_(static_cast<Raw*>(p.output) + flat_),
        first_bit_(range.first),
        count_((range.last - range.first) / kBits) {}

  template <class Block>
  EDEN_HD void prefetch(Block& block, int t) const {
    constexpr int kLine = 128 / static_cast<int>(sizeof(Raw));
    constexpr int kMost = kPrefetchBytes / static_cast<int>(sizeof(Raw));
    const int most = count_ < kMost ? count_ : kMost;
    for (int e = t * kLine; e < most; e += block.threads() * kLine) block.prefetch(input_ + e);
  }

  // The bits that these lanes of a word of the segment store.
  EDEN_HD uint32_t stored(int word, uint32_t lanes) const {
    uint32_t bits = 0;
    while (lanes != 0) {
      const int lane = lowest_bit(lanes) / kBits * kBits;
      const int e = (word * 32 + lane - first_bit_) / kBits;
      bits |= Codec::encode(input_[e], scale_of(e)) << lane;
      lanes &= ~(field_mask() << lane);
    }
    return bits;
  }

  // Reads all elements, with the failed bits of the segment's mask.
  template <class Block>
  EDEN_HD void run(Block& block, const uint32_t* failed) const {
    block.each([&](int t) {
      const auto from = reinterpret_cast<uintptr_t>(input_);
      const auto to = reinterpret_cast<uintptr_t>(output_);
      // Where input and output lie differently to 16 bytes, there are no vectors.
      const bool vectors = (from - to) % 16 == 0;
      const int aligned = static_cast<int>((16 - from % 16) % 16 / sizeof(Raw));
      const int head = vectors && aligned < count_ ? aligned : count_;
      const int whole = (count_ - head) / kPerVector;
      const int tail = head + whole * kPerVector;
      const Known known = what_is_known();
      for (int e = t; e < head; e += block.threads()) one(block, failed, known, e);
      for (int e = tail + t; e < count_; e += block.threads()) one(block, failed, known, e);
      for (int v = t; v < whole; v += kLoadsInFlight * block.threads()) {
        const auto at = [&](int i) { return v + i * block.threads(); };
        // Past the end the last vector is read once more: without branches the loads stay together.
        Vector loaded[kLoadsInFlight];
        unroll<kLoadsInFlight>([&](int i) {
          const int within = at(i) < whole ? at(i) : whole - 1;
          loaded[i] = block.load(input_ + head + within * kPerVector);
        });
        unroll<kLoadsInFlight>([&](int i) {
          if (at(i) < whole) several(block, failed, known, head + at(i) * kPerVector, loaded[i]);
        });
      }
    });
  }

 private:
  // What a thread keeps from the shared memory while it loads.
  struct Known {
    Bounds bounds;
    bool one_scale;
    float scale;  // if it is the only one of the segment
  };

  EDEN_HD Known what_is_known() const {
    if constexpr (!Codec::kInteger) return {shared_.bounds, true, 1.0f};
    const bool one_scale = shared_.scales.uniform(0, count_);
    return {shared_.bounds, one_scale, one_scale ? scale_of(0) : 1.0f};
  }

  EDEN_HD static constexpr uint32_t field_mask() {
    return kBits == 32 ? ~uint32_t{0} : (uint32_t{1} << kBits % 32) - 1;
  }

  EDEN_HD float scale_of(int e) const {
    if constexpr (Codec::kInteger) return shared_.scales.of(e);
    return 1.0f;
  }

  EDEN_HD uint32_t read(uint32_t raw, uint32_t failed, float scale, Bounds bounds,
                        bool* corrected) const {
    raw = Codec::decode(Codec::encode(raw, scale) ^ failed, scale);
    *corrected = false;
    if constexpr (kFloat) {
      if (p_.correction != Correction::kOff) {
        raw = correct<Element, Codec>(raw, p_.correction, bounds, scale, corrected);
      }
    }
    return raw;
  }

  template <class Block>
  EDEN_HD void one(Block& block, const uint32_t* failed, const Known& known, int e) const {
    const uint32_t bits = mask_bits<kBits>(failed, first_bit_ + e * kBits).field(0, kBits);
    const float scale = known.one_scale ? known.scale : scale_of(e);
    bool corrected;
    output_[e] = static_cast<Raw>(read(input_[e], bits, scale, known.bounds, &corrected));
    if (corrected) mark(block, e, 1);
  }

  template <class Block>
  EDEN_HD void several(Block& block, const uint32_t* failed, const Known& known, int e,
                       const Vector& loaded) const {
    const auto bits = mask_bits<kPerVector * kBits>(failed, first_bit_ + e * kBits);
    Vector result{};
    uint32_t marks = 0;
    if constexpr (!kFloat) {
      unroll<4>([&](int j) { result.word[j] = loaded.word[j] ^ bits.word[j]; });
    } else {
      float scale = known.scale;
      bool uniform = true;
      if (Codec::kInteger && !known.one_scale) {
        scale = scale_of(e);
        uniform = shared_.scales.uniform(e, kPerVector);
      }
      unroll<kPerVector>([&](int j) {
        if (!uniform) scale = scale_of(e + j);
        bool corrected;
        const uint32_t flips = bits.field(j * kBits, kBits);
        put_part<Raw>(&result, j,
                      read(part_of<Raw>(loaded, j), flips, scale, known.bounds, &corrected));
        marks |= static_cast<uint32_t>(corrected) << j;
      });
    }
    block.store(output_ + e, result);
    if (marks != 0) mark(block, e, marks);
  }

  // Sets bits of the packed mask, which other threads may be setting too: rare, so atomics do.
  template <class Block>
  EDEN_HD void mark(Block& block, int e, uint32_t marks) const {
    if (p_.corrected == nullptr) return;
    auto* words = reinterpret_cast<uint32_t*>(p_.corrected) + (flat_ + e) / 32;
    const uint64_t shifted = static_cast<uint64_t>(marks) << ((flat_ + e) % 32);
    if (static_cast<uint32_t>(shifted) != 0) {
      block.atomic_or(words, static_cast<uint32_t>(shifted));
    }
    if (shifted >> 32 != 0) block.atomic_or(words + 1, static_cast<uint32_t>(shifted >> 32));
  }

  const InjectParams& p_;
  const SegmentShared& shared_;
  int64_t flat_;
  const Raw* input_;
  Raw* output_;
  int first_bit_;
  int count_;
};

}  // namespace eden
