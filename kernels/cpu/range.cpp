#include <algorithm>
#include <limits>
#include <type_traits>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/measure.h"

namespace eden {
namespace {

// Least and greatest element by `order_key`, and the greatest finite magnitude: all as bits.
template <class Raw>
struct Extremes {
  using Key = std::make_signed_t<Raw>;
  Key lowest = std::numeric_limits<Key>::max();
  Key highest = std::numeric_limits<Key>::min();
  Raw magnitude = 0;
};

// A number that orders like the float of these bits; NaN lies beyond the infinity of its sign.
// Its own inverse.
template <class Raw>
constexpr std::make_signed_t<Raw> order_key(Raw raw) {
  using Key = std::make_signed_t<Raw>;
  const Key bits = static_cast<Key>(raw);
  return static_cast<Key>(bits ^
                          ((bits >> (8 * sizeof(Raw) - 1)) & std::numeric_limits<Key>::max()));
}

// One plain loop, which the compiler makes a vector loop of for each instruction set below.
template <class Raw>
[[gnu::always_inline]] inline Extremes<Raw> scan(const Raw* x, int64_t n, Raw infinity) {
  using Key = std::make_signed_t<Raw>;
  Extremes<Raw> found;
  for (int64_t i = 0; i < n; ++i) {
    const Key key = order_key(x[i]);
    const Raw magnitude = static_cast<Raw>(x[i] & std::numeric_limits<Key>::max());
    const Raw finite = magnitude < infinity ? magnitude : Raw{0};
    found.lowest = std::min(found.lowest, key);
    found.highest = std::max(found.highest, key);
    found.magnitude = std::max(found.magnitude, finite);
  }
  return found;
}

#if defined(__x86_64__)
template <class Raw>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] Extremes<Raw> scan_avx512(const Raw* x,
                                                                                int64_t n,
                                                                                Raw infinity) {
  return scan(x, n, infinity);
}

template <class Raw>
[[gnu::target("avx2")]] Extremes<Raw> scan_avx2(const Raw* x, int64_t n, Raw infinity) {
  return scan(x, n, infinity);
}
#endif

template <class Element>
struct Scan {
  using Raw = typename Element::Raw;
  static constexpr Raw kInfinity = static_cast<Raw>(std::is_same_v<Element, Fp32>   ? 0x7F800000u
                                                    : std::is_same_v<Element, Fp16> ? 0x7C00u
                                                                                    : 0x7F80u);

  static Extremes<Raw> run(const void* x, int64_t n) {
    const auto* raw = static_cast<const Raw*>(x);
#if defined(__x86_64__)
    if (isa() == Isa::kAvx512) return scan_avx512<Raw>(raw, n, kInfinity);
    if (isa() == Isa::kAvx2) return scan_avx2<Raw>(raw, n, kInfinity);
#endif
    return scan(raw, n, kInfinity);
  }

  static float value(Raw raw) { return float_from_bits(Element::widen(raw)); }

  static Range range(const void* x, int64_t n) {
    const Extremes<Raw> found = run(x, n);
    const float magnitude = value(found.magnitude);
    constexpr float kInf = std::numeric_limits<float>::infinity();
    if (n == 0) return {kInf, -kInf, 0.0f};
    constexpr Raw kSign = static_cast<Raw>(~std::numeric_limits<std::make_signed_t<Raw>>::max());
    if (found.highest > order_key(kInfinity) ||
        found.lowest < order_key(static_cast<Raw>(kInfinity | kSign))) {
      return {-kInf, kInf, magnitude};
    }
    const auto finite = [](auto key) {
      const float v = value(static_cast<Raw>(order_key(static_cast<Raw>(key))));
      const float top = value(static_cast<Raw>(kInfinity - 1));
      return std::min(std::max(v, -top), top);
    };
    return {finite(found.lowest), finite(found.highest), magnitude};
  }
};

template <class Visit>
auto visit_float(ElementType element, Visit visit) {
  if (element == ElementType::kFp16) return visit(Scan<Fp16>{});
  if (element == ElementType::kBf16) return visit(Scan<Bf16>{});
  return visit(Scan<Fp32>{});
}

}  // namespace

Range range_cpu(const void* x, ElementType element, int64_t n) {
  return visit_float(element, [&](auto scan) { return decltype(scan)::range(x, n); });
}

float absolute_maximum_cpu(const void* x, ElementType element, int64_t n) {
  return visit_float(element, [&](auto scan) {
    return decltype(scan)::value(decltype(scan)::run(x, n).magnitude);
  });
}

}  // namespace eden
