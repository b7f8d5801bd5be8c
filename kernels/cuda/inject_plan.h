#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/access/stored_bits.h"
#include "kernels/cuda/segment.h"
#include "kernels/formats/dispatch.h"

// What the host decides before the kernel starts, from the parameters alone.

namespace eden {

// Units that keep any GPU busy, and those of them that run at once on a large one. Cutting further
// would only find weak cells again: a segment, of which each part finds its own, sooner than the
// copies, which share theirs only while one unit reads them.
constexpr int64_t kUnitsWanted = 8192;
constexpr int64_t kUnitsAtOnce = 1024;

// Memory that a part of a segment is read from at least: 16 bytes for each thread.
constexpr int kLeastPartBytes = 2048;

// The same injection on bytes, where elements are neither converted nor corrected: then the bits of
// the tensor lie in memory just as in DRAM, whatever its type.
inline InjectParams without_conversions(InjectParams p) {
  const bool raw = p.element >= ElementType::kRaw8;
  const bool native = raw || static_cast<int>(p.element) == static_cast<int>(p.stored);
  if (!native || p.correction != Correction::kOff) return p;
  p.elements *= element_bytes(p.element);
  p.element = ElementType::kRaw8;
  p.corrected = nullptr;
  p.scales = nullptr;
  p.scale_count = 0;
  return p;
}

inline InjectUnits inject_units(const InjectParams& p, int64_t wanted = kUnitsWanted) {
  const StoredBits bits(p);
  const int64_t first = bits.first / kSegmentBits;
  const int64_t segments = bits.segments();
  if (segments == 0 || p.copies == 0) return {first, 0, 1, 0, 1};
  const int64_t cuts = std::clamp((wanted + segments - 1) / segments, int64_t{1}, p.copies);
  const int64_t each = (p.copies + cuts - 1) / cuts;
  const int64_t chunks = (p.copies + each - 1) / each;
  const int64_t bytes = kSegmentBits / stored_bits(p.element, p.stored) * element_bytes(p.element);
  int parts = 1;
  const int64_t at_once = std::min(wanted, kUnitsAtOnce);
  while (segments * chunks * parts < at_once && bytes / parts > kLeastPartBytes) parts *= 2;
  return {first, segments, each, chunks, parts};
}

}  // namespace eden
