#pragma once

#include <cstdint>

#include "kernels/access/kept.h"
#include "kernels/access/stored_bits.h"
#include "kernels/cpu/weak/decide.h"
#include "kernels/cpu/weak/points.h"
#include "kernels/cpu/weak/summary.h"

namespace eden {

// What is the same for all segments of a tensor.
struct Search {
  const InjectParams& params;
  const TableSummary& summary;
  const Draw& draw;
};

// The weak cells of one segment, as a bit mask and a list of its words that may not be zero.
struct WeakCells {
  enum class List {
    kComplete,
    kLeftOut,  // the mask is all there is
  };

  alignas(64) uint32_t mask[kSegmentWords + kDrawSlack] = {};  // read as a list
  WordNumbers words;                                           // in no order
  int count = 0;                                               // of `words`
  List list = List::kComplete;

  bool none() const { return at_most(0); }
  bool at_most(int words) const { return list == List::kComplete && count <= words; }
  void clear();
};

// Memory that finding takes, too much for a thread's stack.
struct SearchRoom {
  struct Sparse {
    Points points;
    PointCell cells[Points::kMost + kDrawSlack];
  };
  struct Dense {
    DecisionLanes lanes;
    WordNumbers undecided, words;
  };

  union {
    Sparse sparse;
    Dense dense;
  };
};

// Finds the weak cells of a part of a segment. Where they are many or dense the list is left out if
// they always fail: then the mask is all that is needed.
void find_weak_cells(const Search& search, const StoredBits::Part& part, SearchRoom* room,
                     WeakCells* weak);

// The same from the cells that were kept of segment i of the tensor.
void recall_weak_cells(const KeptCells& kept, int64_t i, const StoredBits::Part& part,
                       WeakCells* weak);

}  // namespace eden
