#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>

#include "csrc/core/mapping/mapping.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

// The oracle: every assignment of tensors to slots, by counting in base [slots].
std::optional<double> brute_force(const MapProblem& p) {
  std::optional<double> best;
  std::vector<std::size_t> slot(p.tensor_bytes.size(), 0);
  for (;;) {
    try {
      const double cost = assignment_cost(p, slot);
      best = std::min(best.value_or(cost), cost);
    } catch (const std::invalid_argument&) {
    }
    std::size_t digit = 0;
    while (digit < slot.size() && ++slot[digit] == p.slots.size()) slot[digit++] = 0;
    if (digit == slot.size()) return best;
  }
}

// Three banks at one point and room for two tensors each; BERs 1e-3, 1e-5, 1e-7.
MapProblem three_banks(std::vector<int64_t> bytes, std::vector<double> tolerances) {
  MapProblem p;
  p.cost.assign(bytes.size(), {1.0});
  p.tensor_bytes = std::move(bytes);
  p.tolerances = std::move(tolerances);
  p.room_bytes = {200, 200, 200};
  p.slots = {{0, 0, 0, 1e-3, 0.2}, {1, 1, 0, 1e-5, 0.2}, {2, 2, 0, 1e-7, 0.2}};
  return p;
}

}  // namespace

TEST_CASE("the least tolerant tensor goes first, to the cleanest partition", "[mapping]") {
  const Assignment a = map_greedily(three_banks({100, 100, 100}, {1e-2, 1e-6, 1e-4}));
  REQUIRE(a.shortfalls.empty());
  CHECK(a.slot == std::vector<std::size_t>{1, 2, 2});
  CHECK(a.cost == 3);
}

TEST_CASE("a tolerance equal to the rate is borne, one below is not", "[mapping]") {
  CHECK(map_greedily(three_banks({1}, {1e-7})).slot[0] == 2);
  CHECK(map_greedily(three_banks({1}, {0.999e-7})).shortfalls.size() == 1);
}

TEST_CASE("room is used to the last byte and not beyond", "[mapping]") {
  CHECK(map_greedily(three_banks({150, 50}, {1e-7, 1e-7})).shortfalls.empty());
  const Assignment a = map_greedily(three_banks({150, 51}, {1e-7, 1e-7}));
  REQUIRE(a.shortfalls.size() == 1);
  CHECK(a.shortfalls[0].tensor == 1);
  CHECK(a.shortfalls[0].missing_bytes == 1);
}

TEST_CASE("a tensor that bears no partition misses all of its bytes", "[mapping]") {
  const MapProblem p = three_banks({70}, {1e-9});
  const Assignment a = map_greedily(p);
  REQUIRE(a.shortfalls.size() == 1);
  CHECK(a.shortfalls[0].missing_bytes == 70);
  CHECK_FALSE(cost_bound(p).has_value());
  CHECK_FALSE(brute_force(p).has_value());
}

TEST_CASE("the larger reduction wins over the lower rate", "[mapping]") {
  MapProblem p = three_banks({100}, {1e-2});
  p.slots[0].reduction = 0.3;
  CHECK(map_greedily(p).slot[0] == 0);
}

TEST_CASE("the partitions of a group share one point", "[mapping]") {
  // Bank 0 has two subarrays and two points: the cheap one at 1e-3, the dear one clean.
  MapProblem p;
  p.tensor_bytes = {10, 10};
  p.tolerances = {1e-9, 1e-2};
  p.room_bytes = {10, 10};
  p.slots = {{0, 0, 0, 1e-3, 0.2}, {0, 0, 1, 0, 0, 1}, {1, 0, 0, 1e-3, 0.2}, {1, 0, 1, 0, 0, 1}};
  p.cost = {{1, 2}, {1, 2}};
  const Assignment a = map_greedily(p);
  CHECK(a.slot == std::vector<std::size_t>{1, 3});
  CHECK(a.cost == 4);
  CHECK(brute_force(p) == 4);
  CHECK_THROWS_AS(assignment_cost(p, {1, 2}), std::invalid_argument);
}

TEST_CASE("greedy is feasible, and never below the optimum or the bound", "[mapping]") {
  std::mt19937 random(7);  // fixed: the same cases everywhere
  const auto below = [&](unsigned n) { return random() % n; };
  int feasible = 0, optimal = 0;
  for (int i = 0; i < 300; ++i) {
    MapProblem p;
    const std::size_t tensors = 1 + below(4), partitions = 1 + below(3), points = 1 + below(2);
    for (std::size_t t = 0; t < tensors; ++t) {
      p.tensor_bytes.push_back(1 + below(50));
      p.tolerances.push_back(1e-6 * (1 + below(100)));
      p.cost.emplace_back();
      for (std::size_t o = 0; o < points; ++o) {
        p.cost[t].push_back(static_cast<double>(p.tensor_bytes[t] * static_cast<int64_t>(10 - o)));
      }
    }
    for (std::size_t k = 0; k < partitions; ++k) {
      p.room_bytes.push_back(below(120));
      for (std::size_t o = 0; o < points; ++o) {
        p.slots.push_back(
            {k, k / 2, o, 1e-6 * below(60) * (o + 1), 0.1 * static_cast<double>(o), o});
      }
    }
    const Assignment greedy = map_greedily(p);
    const auto best = brute_force(p);
    const auto bound = cost_bound(p);
    if (best) {
      REQUIRE(bound.has_value());
      CHECK(*bound <= *best * (1 + 1e-12));
    }
    if (!greedy.shortfalls.empty()) continue;
    ++feasible;
    REQUIRE(best.has_value());
    CHECK(assignment_cost(p, greedy.slot) == greedy.cost);
    CHECK(greedy.cost >= *best * (1 - 1e-12));
    optimal += greedy.cost <= *best * (1 + 1e-12);
  }
  // Neither trivial: many cases can be placed, and not all of them at the optimum.
  CHECK(feasible > 100);
  CHECK(optimal < feasible);
}

TEST_CASE("problems that make no sense are refused", "[mapping]") {
  const auto broken = [](auto&& change) {
    MapProblem p = three_banks({10}, {1e-3});
    change(p);
    return p;
  };
  const auto p = GENERATE_COPY(values<MapProblem>({
      broken([](MapProblem& q) { q.tolerances.clear(); }),
      broken([](MapProblem& q) { q.tensor_bytes[0] = 0; }),
      broken([](MapProblem& q) { q.tolerances[0] = 1.5; }),
      broken([](MapProblem& q) { q.cost[0][0] = -1; }),
      broken([](MapProblem& q) { q.cost[0].clear(); }),
      broken([](MapProblem& q) { q.room_bytes[0] = -1; }),
      broken([](MapProblem& q) { q.slots[0].partition = 3; }),
      broken([](MapProblem& q) { q.slots[0].group = 3; }),
      broken([](MapProblem& q) { q.slots[0].price = 1; }),
      broken([](MapProblem& q) { q.slots[0].ber = -0.1; }),
  }));
  CHECK_THROWS_AS(check_problem(p), std::invalid_argument);
  CHECK_THROWS_AS(assignment_cost(three_banks({10}, {1e-3}), {7}), std::invalid_argument);
  CHECK_THROWS_AS(assignment_cost(three_banks({10}, {1e-3}), {}), std::invalid_argument);
}
