#include "csrc/core/mapping/budget.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "csrc/core/mapping/require.h"

namespace eden {
namespace {

// One tensor elsewhere or otherwise; `rate` orders moves, the largest first.
struct Move {
  std::size_t tensor, way, slot;
  double rate;
};

// A placement while tensors move.
class Moving {
 public:
  Moving(const MapProblem& ways, const Budget& budget, Choice start)
      : p_(ways), b_(budget), at_(std::move(start)), room_(ways.room_bytes) {
    for (const MapSlot& s : p_.slots) groups_.resize(std::max(groups_.size(), s.group + 1));
    of_.resize(at_.way.size());
    for (std::size_t w = 0; w < b_.tensor.size(); ++w) of_[b_.tensor[w]].push_back(w);
    for (std::size_t t = 0; t < at_.way.size(); ++t) {
      const std::size_t way = at_.way[t], slot = at_.slot[t];
      require(way < b_.tensor.size() && b_.tensor[way] == t, "way of a tensor", way,
              "one of its own");
      require(slot < p_.slots.size(), "slot of a tensor", slot, "one of the problem");
      require(legal(t, way, slot, false), "slot of a tensor", slot, "a start that breaks no rule");
      take(t, 1);
    }
    add_up();
  }

  double hazard() const { return at_.hazard; }

  // Applies the best move of each tensor, the best tensors first, as long as `wanted` says so.
  template <class Rate, class Wanted>
  bool pass(Rate rate, Wanted wanted) {
    std::vector<Move> moves;
    for (std::size_t t = 0; t < at_.way.size(); ++t) {
      std::optional<Move> best;
      for (const std::size_t w : of_[t]) {
        for (std::size_t s = 0; s < p_.slots.size(); ++s) {
          const double worth = rate(saved(t, w, s), added(t, w, s));
          if (worth > (best ? best->rate : 0.0) && legal(t, w, s, true))
            best = Move{t, w, s, worth};
        }
      }
      if (best) moves.push_back(*best);
    }
    std::stable_sort(moves.begin(), moves.end(),
                     [](const Move& a, const Move& b) { return a.rate > b.rate; });
    bool moved = false;
    for (const Move& m : moves) {
      if (!legal(m.tensor, m.way, m.slot, true)) continue;  // another tensor was there first
      if (!wanted(saved(m.tensor, m.way, m.slot))) continue;
      take(m.tensor, -1);
      at_.way[m.tensor] = m.way;
      at_.slot[m.tensor] = m.slot;
      take(m.tensor, 1);
      add_up();
      moved = true;
    }
    return moved;
  }

  Choice result() {
    at_.cost = 0;
    for (std::size_t t = 0; t < at_.way.size(); ++t)
      at_.cost += p_.cost_of(at_.way[t], at_.slot[t]);
    return at_;
  }

 private:
  struct Group {
    std::size_t tensors = 0;
    std::size_t point = 0;
  };

  double hazard_of(std::size_t way, std::size_t slot) const {
    return b_.hazard[way * p_.slots.size() + slot];
  }
  double saved(std::size_t t, std::size_t way, std::size_t slot) const {
    return hazard_of(at_.way[t], at_.slot[t]) - hazard_of(way, slot);
  }
  double added(std::size_t t, std::size_t way, std::size_t slot) const {
    return p_.cost_of(way, slot) - p_.cost_of(at_.way[t], at_.slot[t]);
  }

  // Whether a tensor may lie there, its own bytes and its hold on a group put back if it is placed.
  bool legal(std::size_t t, std::size_t way, std::size_t slot, bool placed) const {
    if (!p_.allows(way, slot) || !std::isfinite(hazard_of(way, slot))) return false;
    const MapSlot& to = p_.slots[slot];
    const MapSlot& from = p_.slots[at_.slot[t]];
    const bool back = placed && from.partition == to.partition;
    const int64_t room = room_[to.partition] + (back ? p_.tensor_bytes[at_.way[t]] : 0);
    const std::size_t others = groups_[to.group].tensors - (placed && from.group == to.group);
    return room >= p_.tensor_bytes[way] && (others == 0 || groups_[to.group].point == to.point);
  }

  // Anew after each move: a difference taken off a sum would leave its rounding there.
  void add_up() {
    at_.hazard = 0;
    for (std::size_t t = 0; t < at_.way.size(); ++t)
      at_.hazard += hazard_of(at_.way[t], at_.slot[t]);
  }

  void take(std::size_t t, int sign) {
    const MapSlot& s = p_.slots[at_.slot[t]];
    room_[s.partition] -= sign * p_.tensor_bytes[at_.way[t]];
    groups_[s.group].tensors += static_cast<std::size_t>(sign);
    groups_[s.group].point = s.point;
  }

  const MapProblem& p_;
  const Budget& b_;
  Choice at_;
  std::vector<int64_t> room_;
  std::vector<Group> groups_;
  std::vector<std::vector<std::size_t>> of_;  // [tensors], their ways
};

}  // namespace

Choice keep_budget(const MapProblem& ways, const Budget& budget, Choice start) {
  check_problem(ways);
  require(budget.tensor.size() == ways.tensor_bytes.size(), "number of tensors of ways",
          budget.tensor.size(), "one a way");
  require(budget.hazard.size() == budget.tensor.size() * ways.slots.size(), "number of hazards",
          budget.hazard.size(), "one a way and slot");
  for (double h : budget.hazard) require(h >= 0, "hazard", h, "at least 0");
  require(budget.limit >= 0, "limit of the hazard", budget.limit, "at least 0");
  require(start.way.size() == start.slot.size(), "number of slots at the start", start.slot.size(),
          "one a way");
  for (std::size_t t : budget.tensor) {
    require(t < start.way.size(), "tensor of a way", t, "one of the start");
  }

  constexpr double kFree = std::numeric_limits<double>::max();
  Moving moving(ways, budget, std::move(start));
  // What costs nothing goes first, the largest saving of it first.
  const auto per_joule = [&](double saved, double added) {
    return added <= 0 ? (saved > 0 ? kFree * (saved / (1 + saved)) : 0.0) : saved / added;
  };
  while (moving.hazard() > budget.limit &&
         moving.pass(per_joule, [&](double) { return moving.hazard() > budget.limit; })) {
  }
  if (moving.hazard() > budget.limit) return moving.result();
  const auto joules = [&](double saved, double added) {
    return moving.hazard() - saved <= budget.limit ? -added : 0.0;
  };
  while (
      moving.pass(joules, [&](double saved) { return moving.hazard() - saved <= budget.limit; })) {
  }
  return moving.result();
}

}  // namespace eden
