#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace eden {

// A partition at one operating point. The partitions of a group (a bank) share one point: once a
// tensor lies in a slot, the group's slots at other points are closed.
struct MapSlot {
  std::size_t partition = 0;
  std::size_t group = 0;
  std::size_t point = 0;
  double ber = 0;
  double reduction = 0;   // of the parameters below nominal; larger is cheaper
  std::size_t price = 0;  // which of the costs of a tensor holds here
};

// Which slot each tensor takes, at the least joules, within room and tolerance.
struct MapProblem {
  std::vector<int64_t> tensor_bytes;      // [tensors]
  std::vector<double> tolerances;         // [tensors], highest BER each bears
  std::vector<int64_t> room_bytes;        // [partitions]
  std::vector<MapSlot> slots;             // [slots]
  std::vector<std::vector<double>> cost;  // [tensors][prices], joules

  double cost_of(std::size_t tensor, std::size_t slot) const {
    return cost[tensor][slots[slot].price];
  }
  bool allows(std::size_t tensor, std::size_t slot) const {
    return slots[slot].ber <= tolerances[tensor];
  }
};

// A tensor that found no place, and by how much the roomiest one it bears falls short: all of its
// bytes if there is none.
struct Shortfall {
  std::size_t tensor = 0;
  int64_t missing_bytes = 0;
};

struct Assignment {
  std::vector<std::size_t> slot;  // [tensors]; meaningless for tensors in `shortfalls`
  std::vector<Shortfall> shortfalls;
  double cost = 0;  // joules, of the placed tensors
};

// Throws std::invalid_argument if sizes disagree or a number is out of range.
void check_problem(const MapProblem& problem);

// Algorithm 1 of the paper: the tensors in order of tolerance, the least tolerant first and the
// larger first among equals, each to the slot of largest reduction that it bears and that has room.
// Of equal reductions the lowest BER is taken: a margin that costs no voltage.
Assignment map_greedily(const MapProblem& problem);

// The cost of a complete assignment; throws std::invalid_argument if it breaks a rule.
double assignment_cost(const MapProblem& problem, const std::vector<std::size_t>& slot);

// No placement costs less: every tensor in the cheapest slot it bears, as if room had no end.
// Empty when a tensor bears no slot.
std::optional<double> cost_bound(const MapProblem& problem);

}  // namespace eden
