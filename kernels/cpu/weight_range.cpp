#include "kernels/cpu/weight_range.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "kernels/cpu/processor/float_mode.h"
#include "kernels/cpu/processor/vector_loop.h"
#include "kernels/formats/range.h"

namespace eden {
namespace {

// Least and greatest element by `order_key`, and the greatest finite magnitude: all as bits.
template <class Key>
struct Extremes {
  Key lowest = std::numeric_limits<Key>::max();
  Key highest = std::numeric_limits<Key>::min();
  Key magnitude = 0;
};

template <class Key>
struct FindExtremes {
  [[gnu::always_inline]] static Extremes<Key> run(const Key* x, int64_t n, Key infinity) {
    Extremes<Key> found;
    for (int64_t i = 0; i < n; ++i) {
      const Key key = order_key(x[i]);
      const Key magnitude = x[i] & std::numeric_limits<Key>::max();
      const Key finite = magnitude < infinity ? magnitude : Key{0};
      found.lowest = key < found.lowest ? key : found.lowest;
      found.highest = key > found.highest ? key : found.highest;
      found.magnitude = finite > found.magnitude ? finite : found.magnitude;
    }
    return found;
  }
};

template <class Element>
struct Scan {
  using Key = std::make_signed_t<typename Element::Raw>;
  static constexpr Key kInfinity = static_cast<Key>(Element::kInfinity);

  static Extremes<Key> extremes(const void* x, int64_t n, Isa isa) {
    const auto loop = loop_for<FindExtremes<Key>, const Key*, int64_t, Key>(isa);
    return loop(static_cast<const Key*>(x), n, kInfinity);
  }

  static float value(Key bits) {
    return float_from_bits(Element::widen(static_cast<typename Element::Raw>(bits)));
  }

  static Range range(const void* x, int64_t n, Isa isa) {
    const Extremes<Key> found = extremes(x, n, isa);
    const float magnitude = value(found.magnitude);
    constexpr float kInf = std::numeric_limits<float>::infinity();
    if (n == 0) return {kInf, -kInf, 0.0f};
    constexpr Key kSign = std::numeric_limits<Key>::min();
    if (found.highest > kInfinity ||
        found.lowest < order_key(static_cast<Key>(kInfinity | kSign))) {
      return {-kInf, kInf, magnitude};
    }
    const auto finite = [](Key key) {
      const float top = value(kInfinity - 1);
      return std::min(std::max(value(order_key(key)), -top), top);
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

Range both(const Range& one, const Range& other) {
  const FloatMode float_mode;
  const Range range{std::min(one.lowest, other.lowest), std::max(one.highest, other.highest),
                    std::max(one.greatest, other.greatest)};
  float_mode.finish(range);
  return range;
}

Range range_cpu(const void* x, ElementType element, int64_t n, Isa isa) {
  const FloatMode float_mode;
  const Range range =
      visit_float(element, [&](auto scan) { return decltype(scan)::range(x, n, isa); });
  float_mode.finish(range);
  return range;
}

void weight_range_cpu(const Range& range, Stored stored, Bounds* bounds, float* step) {
  const FloatMode float_mode;
  *step = stored >= Stored::kInt16 ? step_of(range.greatest, stored) : 1.0f;
  *bounds = plausible_bounds(range.lowest, range.highest, stored, *step);
}

void channel_range_cpu(const void* x, ElementType element, int64_t channels, int64_t run,
                       Stored stored, Bounds* bounds, float* steps, Isa isa) {
  const FloatMode float_mode;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Bounds widest{kInfinity, -kInfinity};
  visit_float(element, [&](auto scan) {
    using Found = decltype(scan);
    const auto* from = static_cast<const typename Found::Key*>(x);
    for (int64_t c = 0; c < channels; ++c) {
      const Range range = Found::range(from + c * run, run, isa);
      steps[c] = step_of(range.greatest, stored);
      const Bounds own = plausible_bounds(range.lowest, range.highest, stored, steps[c]);
      widest = {std::min(widest.lo, own.lo), std::max(widest.hi, own.hi)};
    }
  });
  *bounds = widest;
}

}  // namespace eden
