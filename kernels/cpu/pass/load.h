#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/cpu/pass/reader.h"

namespace eden {

// One copy of a tensor as its load returns it, for one element type and format.
template <class Element, class Codec>
class Load {
 public:
  using Raw = typename Element::Raw;
  static constexpr int kBits = Codec::kBits;
  static constexpr bool kFloat = !std::is_same_v<Codec, RawCodec<Raw, kBits>>;

  // `streaming` asks for stores past the caches: only where nothing is patched after `read`, and
  // the caller ends with `streams_done`.
  explicit Load(const InjectParams& params, int64_t copy, bool streaming = false,
                Isa isa = eden::isa(), CopyWay way = copy_way())
      : p_(params),
        input_(static_cast<const Raw*>(params.input) + copy * params.elements),
        output_(static_cast<Raw*>(params.output) + copy * params.elements),
        flat_(copy * params.elements),
        per_scale_(params.scale_count > 1 ? params.elements / params.scale_count : params.elements),
        bounds_(inward(params)),
        reader_(params, copy, {sizeof(Raw), kBits, Codec::kNative}, bounds_, streaming, isa, way) {}

  // Writes elements [begin, end) as the memory returns them. `flips` holds the failing bits, packed
  // as they lie in memory from element `begin` on (an even one for int4), or is null for a memory
  // without errors. Marks of corrected elements must be 0 before. Without flips and with one scale
  // for all elements `end` may lie in a later copy, here and in the functions of one element.
  void read(int64_t begin, int64_t end, const uint8_t* flips) const {
    reader_.read(begin, end, flips);
  }

  // Writes element i with the bits of `flips` failed.
  void fail(int64_t i, uint32_t flips) const {
    const float scale = scale_of(i);
    store(i, Codec::decode(Codec::encode(input_[i], scale) ^ flips, scale), scale);
  }

  // What the memory holds for element i.
  uint32_t code(int64_t i) const { return Codec::encode(input_[i], scale_of(i)); }

  // Packs what the memory holds for elements [begin, end), begin even for int4, from bits[0] on,
  // where they hold copies of their top `embedded` bits (kernels/protection/embedded.h).
  void codes(int64_t begin, int64_t end, uint8_t* bits, int embedded = 0) const {
    reader_.codes(begin, end, bits, embedded);
  }

  // Makes n words with such copies, packed like that, the codes that they stand for.
  void majority(uint8_t* bits, int64_t n, int embedded) const {
    reader_.majority(bits, n, embedded);
  }

 private:
  static Bounds inward(const InjectParams& params) {
    if constexpr (kFloat) {
      if (params.bounds) return round_inward<Element>({params.bounds[0], params.bounds[1]});
    }
    return {};
  }

  float scale_of(int64_t i) const {
    if (!p_.scales) return 1.0f;
    return p_.scales[p_.scale_count > 1 ? i / per_scale_ : 0];
  }

  void store(int64_t i, uint32_t raw, float scale) const {
    if constexpr (kFloat) {
      if (p_.correction != Correction::kOff) {
        bool corrected;
        raw = correct<Element, Codec>(raw, p_.correction, bounds_, scale, &corrected);
        if (p_.corrected) mark(flat_ + i, corrected);
      }
    }
    output_[i] = static_cast<Raw>(raw);
  }

  // Two units may share a byte of the mask, hence the atomics; a mark seldom changes.
  void mark(int64_t flat, bool corrected) const {
    uint8_t* byte = p_.corrected + flat / 8;
    const uint8_t bit = static_cast<uint8_t>(1u << (flat % 8));
    if (((__atomic_load_n(byte, __ATOMIC_RELAXED) & bit) != 0) == corrected) return;
    __atomic_fetch_xor(byte, bit, __ATOMIC_RELAXED);
  }

  const InjectParams& p_;
  const Raw* input_;
  Raw* output_;
  int64_t flat_;
  int64_t per_scale_;
  Bounds bounds_;
  Reader reader_;
};

}  // namespace eden
