#include "csrc/core/mapping/mapping.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>

namespace eden {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::size_t groups(const MapProblem& p) {
  std::size_t n = 0;
  for (const MapSlot& s : p.slots) n = std::max(n, s.group + 1);
  return n;
}

// What is left while tensors are being placed.
struct Filling {
  explicit Filling(const MapProblem& p) : room(p.room_bytes), used(groups(p), kNone) {}

  bool open(const MapProblem& p, std::size_t slot) const {
    const std::size_t at = used[p.slots[slot].group];
    return at == kNone || at == p.slots[slot].point;
  }
  void put(const MapProblem& p, std::size_t tensor, std::size_t slot) {
    used[p.slots[slot].group] = p.slots[slot].point;
    room[p.slots[slot].partition] -= p.tensor_bytes[tensor];
  }

  std::vector<int64_t> room;      // [partitions]
  std::vector<std::size_t> used;  // [groups], the point in use
};

std::vector<std::size_t> by_tolerance(const MapProblem& p) {
  std::vector<std::size_t> order(p.tolerances.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::make_tuple(p.tolerances[a], -p.tensor_bytes[a]) <
           std::make_tuple(p.tolerances[b], -p.tensor_bytes[b]);
  });
  return order;
}

void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(std::string("mapping: ") + what);
}

}  // namespace

void check_problem(const MapProblem& p) {
  require(p.tolerances.size() == p.tensor_bytes.size() && p.cost.size() == p.tensor_bytes.size(),
          "tensor_bytes, tolerances and cost differ in length; accepted: one entry a tensor");
  for (std::size_t i = 0; i < p.tensor_bytes.size(); ++i) {
    require(p.tensor_bytes[i] >= 1, "a tensor of no bytes; accepted: at least 1");
    require(p.tolerances[i] >= 0 && p.tolerances[i] <= 1,
            "a tolerance outside [0, 1]; accepted: a bit error rate");
    for (double c : p.cost[i]) require(std::isfinite(c) && c >= 0, "a cost below 0 or not finite");
  }
  for (int64_t room : p.room_bytes) require(room >= 0, "a partition with room below 0");
  for (const MapSlot& s : p.slots) {
    require(s.partition < p.room_bytes.size(), "a slot of an unknown partition");
    require(s.group < p.slots.size(), "a slot whose group is not below the number of slots");
    for (const auto& of_tensor : p.cost) {
      require(s.price < of_tensor.size(), "a slot whose price no tensor has");
    }
    require(s.ber >= 0 && s.ber <= 1, "a slot with a BER outside [0, 1]");
    require(std::isfinite(s.reduction), "a slot whose reduction is not finite");
  }
}

Assignment map_greedily(const MapProblem& p) {
  check_problem(p);
  Filling filling(p);
  Assignment result;
  result.slot.assign(p.tensor_bytes.size(), kNone);
  for (std::size_t tensor : by_tolerance(p)) {
    std::size_t best = kNone;
    int64_t roomiest = 0;
    for (std::size_t slot = 0; slot < p.slots.size(); ++slot) {
      if (!p.allows(tensor, slot) || !filling.open(p, slot)) continue;
      const int64_t room = filling.room[p.slots[slot].partition];
      roomiest = std::max(roomiest, room);
      if (room < p.tensor_bytes[tensor]) continue;
      const auto rank = [&](std::size_t s) {
        return std::make_tuple(-p.slots[s].reduction, p.slots[s].ber);
      };
      if (best == kNone || rank(slot) < rank(best)) best = slot;
    }
    if (best == kNone) {
      result.shortfalls.push_back({tensor, p.tensor_bytes[tensor] - roomiest});
      continue;
    }
    filling.put(p, tensor, best);
    result.slot[tensor] = best;
    result.cost += p.cost_of(tensor, best);
  }
  return result;
}

double assignment_cost(const MapProblem& p, const std::vector<std::size_t>& slot) {
  check_problem(p);
  require(slot.size() == p.tensor_bytes.size(), "an assignment without one slot a tensor");
  Filling filling(p);
  double cost = 0;
  for (std::size_t tensor = 0; tensor < slot.size(); ++tensor) {
    require(slot[tensor] < p.slots.size(), "a tensor assigned to an unknown slot");
    require(p.allows(tensor, slot[tensor]), "a tensor assigned to a BER above its tolerance");
    require(filling.open(p, slot[tensor]),
            "a group of partitions assigned to two operating points");
    filling.put(p, tensor, slot[tensor]);
    require(filling.room[p.slots[slot[tensor]].partition] >= 0, "a partition overfilled");
    cost += p.cost_of(tensor, slot[tensor]);
  }
  return cost;
}

std::optional<double> cost_bound(const MapProblem& p) {
  check_problem(p);
  double bound = 0;
  for (std::size_t tensor = 0; tensor < p.tensor_bytes.size(); ++tensor) {
    std::optional<double> cheapest;
    for (std::size_t slot = 0; slot < p.slots.size(); ++slot) {
      if (!p.allows(tensor, slot)) continue;
      const double cost = p.cost_of(tensor, slot);
      cheapest = std::min(cheapest.value_or(cost), cost);
    }
    if (!cheapest) return std::nullopt;
    bound += *cheapest;
  }
  return bound;
}

}  // namespace eden
