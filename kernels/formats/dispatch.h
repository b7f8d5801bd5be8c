#pragma once

#include <cstdint>

#include "kernels/formats/formats.h"

namespace eden {

// Calls visit(Element{}, Codec{}) for an element type and the format it is stored in.
template <class Element, class Visit>
auto dispatch_stored(Stored stored, Visit visit) {
  switch (stored) {
    case Stored::kFp32:
      return visit(Element{}, FloatCodec<Element, Fp32>{});
    case Stored::kFp16:
      return visit(Element{}, FloatCodec<Element, Fp16>{});
    case Stored::kBf16:
      return visit(Element{}, FloatCodec<Element, Bf16>{});
    case Stored::kInt16:
      return visit(Element{}, IntCodec<Element, 16>{});
    case Stored::kInt8:
      return visit(Element{}, IntCodec<Element, 8>{});
    default:
      return visit(Element{}, IntCodec<Element, 4>{});
  }
}

// The same where an element is known to be a float.
template <class Visit>
auto dispatch_float(ElementType element, Stored stored, Visit visit) {
  switch (element) {
    case ElementType::kFp32:
      return dispatch_stored<Fp32>(stored, visit);
    case ElementType::kFp16:
      return dispatch_stored<Fp16>(stored, visit);
    default:
      return dispatch_stored<Bf16>(stored, visit);
  }
}

template <class Visit>
auto dispatch(ElementType element, Stored stored, Visit visit) {
  switch (element) {
    case ElementType::kRaw8:
      return visit(RawElement<uint8_t>{}, RawCodec<uint8_t, 8>{});
    case ElementType::kRaw16:
      return visit(RawElement<uint16_t>{}, RawCodec<uint16_t, 16>{});
    case ElementType::kRaw32:
      return visit(RawElement<uint32_t>{}, RawCodec<uint32_t, 32>{});
    default:
      return dispatch_float(element, stored, visit);
  }
}

// Bytes that one element of a tensor takes.
inline int64_t element_bytes(ElementType element) {
  switch (element) {
    case ElementType::kRaw8:
      return 1;
    case ElementType::kFp32:
    case ElementType::kRaw32:
      return 4;
    default:
      return 2;
  }
}

// Bits that one element takes in DRAM.
inline int stored_bits(ElementType element, Stored stored) {
  return dispatch(element, stored, [](auto, auto codec) { return decltype(codec)::kBits; });
}

}  // namespace eden
