#pragma once

#include <cstdint>

#include "kernels/access/entry.h"
#include "kernels/cpu/weak/summary.h"
#include "kernels/law/cells.h"

namespace eden {

// The planes of one member of the table, for words of one segment.
template <class Member>
class Thresholds {
 public:
  Thresholds(const InjectParams& params, uint64_t segment, Member member,
             const BitlinePlanes& planes)
      : p_(params), segment_(segment), member_(member), planes_(planes) {}

  // Lanes of a word whose threshold is "always", and those for which it is neither that nor 0.
  uint32_t always(uint32_t word) const {
    if (p_.lookup == Lookup::kBitline) return planes_.always()[word];
    return entry(word).*member_ == kAlways ? ~uint32_t{0} : 0;
  }
  uint32_t some(uint32_t word) const {
    if (p_.lookup == Lookup::kBitline) return planes_.some()[word];
    const uint64_t threshold = entry(word).*member_;
    return threshold != kAlways && threshold != 0 ? ~uint32_t{0} : 0;
  }

  // Plane j of the thresholds of a word's lanes.
  uint32_t plane(uint32_t word, int j) const {
    if (p_.lookup != Lookup::kBitline) return equal_plane(entry(word).*member_, j);
    if (j < kReadyPlanes) return planes_.plane(j)[word];
    return gathered_plane(&entry(word), member_, ~uint32_t{0}, j);
  }

 private:
  const TableEntry& entry(uint32_t word) const { return entry_of(p_, segment_, 32 * word); }

  const InjectParams& p_;
  uint64_t segment_;
  Member member_;
  const BitlinePlanes& planes_;
};

}  // namespace eden
