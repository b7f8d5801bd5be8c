#include "csrc/core/mapping/mapping.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "csrc/core/mapping/require.h"

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

}  // namespace

void check_problem(const MapProblem& p) {
  for (const std::size_t size : {p.tolerances.size(), p.cost.size()}) {
    require(size == p.tensor_bytes.size(), "length of tolerances or cost", size,
            "that of tensor_bytes, one entry a tensor");
  }
  for (std::size_t i = 0; i < p.tensor_bytes.size(); ++i) {
    require(p.tensor_bytes[i] >= 1, "bytes of a tensor", p.tensor_bytes[i], "at least 1");
    require(p.tolerances[i] >= 0 && p.tolerances[i] <= 1, "tolerance", p.tolerances[i],
            "a bit error rate from 0 to 1");
    for (double c : p.cost[i]) {
      require(std::isfinite(c) && c >= 0, "cost of a tensor", c, "a finite number of at least 0");
    }
  }
  for (int64_t room : p.room_bytes) require(room >= 0, "room of a partition", room, "at least 0");
  for (const MapSlot& s : p.slots) {
    require(s.partition < p.room_bytes.size(), "partition of a slot", s.partition,
            "one that has a room");
    require(s.group < p.slots.size(), "group of a slot", s.group, "below the number of slots");
    for (const auto& of_tensor : p.cost) {
      require(s.price < of_tensor.size(), "price of a slot", s.price, "one that every tensor has");
    }
    require(s.ber >= 0 && s.ber <= 1, "BER of a slot", s.ber, "a number from 0 to 1");
    require(std::isfinite(s.reduction), "reduction of a slot", s.reduction, "a finite number");
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
  require(slot.size() == p.tensor_bytes.size(), "number of slots assigned", slot.size(),
          "one a tensor");
  Filling filling(p);
  double cost = 0;
  for (std::size_t tensor = 0; tensor < slot.size(); ++tensor) {
    const std::size_t at = slot[tensor];
    require(at < p.slots.size(), "slot of a tensor", at, "one of the problem");
    require(p.allows(tensor, at), "slot of a tensor", at, "one with a BER within its tolerance");
    require(filling.open(p, at), "slot of a tensor", at,
            "one at the operating point that its group of partitions has");
    filling.put(p, tensor, at);
    const int64_t left = filling.room[p.slots[at].partition];
    require(left >= 0, "room left in a partition", left, "at least 0");
    cost += p.cost_of(tensor, at);
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
