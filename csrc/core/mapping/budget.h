#pragma once

#include <cstddef>
#include <vector>

#include "csrc/core/mapping/mapping.h"

namespace eden {

// What single weak cells may do to a placement. A tensor may be stored in several ways
// (protections), each of which a `MapProblem` takes for a tensor of its own: bytes, tolerance and
// cost are the way's. The hazard of a tensor is that of its way in its slot, and those of all
// tensors add up.
struct Budget {
  std::vector<std::size_t> tensor;  // [ways], which one each stores
  std::vector<double> hazard;       // [ways, slots], infinite where the way may not lie
  double limit = 0;
};

// One way and one slot a tensor, with what they sum up to.
struct Choice {
  std::vector<std::size_t> way;   // [tensors]
  std::vector<std::size_t> slot;  // [tensors]
  double cost = 0;                // joules
  double hazard = 0;
};

// Moves single tensors to ways and slots of less hazard until a placement is within the budget: in
// order of hazard saved per joule added, into room that is there, at the point that the slot's
// group runs at. Then undoes what the last of them overshot: moves that save joules and stay within
// it.
//
// The result is above the limit if no move is left. Throws std::invalid_argument if sizes disagree,
// a hazard or the limit is below 0 or NaN, or `start` breaks a rule of `assignment_cost`.
Choice keep_budget(const MapProblem& ways, const Budget& budget, Choice start);

}  // namespace eden
