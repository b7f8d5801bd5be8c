#include <limits>
#include <stdexcept>

#include "csrc/core/mapping/budget.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// Two tensors, plain (ways 0 and 1) or protected (ways 2 and 3), in two banks of 100 bytes with
// BERs 1e-4 and 1e-6; protected they take three times the bytes and the joules.
//
//             bytes  joules   hazard in bank 0, bank 1
//   0 plain      10       1               0.01, 0.0001
//   1 plain      20       2               0.04, 0.0004
//   0 protected  30       3             0.0001, 0
//   1 protected  60       6             0.0004, 0
MapProblem two_ways() {
  MapProblem p;
  p.tensor_bytes = {10, 20, 30, 60};
  p.tolerances = {1e-3, 1e-3, 1e-3, 1e-3};
  p.room_bytes = {100, 100};
  p.slots = {{0, 0, 0, 1e-4, 0.2}, {1, 1, 0, 1e-6, 0.2}};
  p.cost = {{1}, {2}, {3}, {6}};
  return p;
}
Budget of(double limit) {
  return {{0, 1, 0, 1}, {0.01, 1e-4, 0.04, 4e-4, 1e-4, 0, 4e-4, 0}, limit};
}
Choice plain() { return {{0, 1}, {0, 0}}; }

}  // namespace

TEST_CASE("a placement within the budget stays", "[budget]") {
  const Choice c = keep_budget(two_ways(), of(0.05), plain());
  CHECK(c.way == std::vector<std::size_t>{0, 1});
  CHECK(c.slot == std::vector<std::size_t>{0, 0});
  CHECK(c.cost == 3);
  CHECK(c.hazard == 0.05);
}

TEST_CASE("a move that costs nothing goes first, the largest saving of it", "[budget]") {
  // 0.05 is 0.03 above: tensor 1 to bank 1 saves 0.0396 of it, tensor 0 may stay.
  const Choice c = keep_budget(two_ways(), of(0.02), plain());
  CHECK(c.way == std::vector<std::size_t>{0, 1});
  CHECK(c.slot == std::vector<std::size_t>{0, 1});
  CHECK(c.cost == 3);
  CHECK(c.hazard == 0.01 + 4e-4);
}

TEST_CASE("where there is no clean bank, hazard saved per joule decides", "[budget]") {
  // In bank 0 alone: protecting tensor 1 saves 0.0396 for 4 J (0.0099 a joule), tensor 0 saves
  // 0.0099 for 2 J (0.005): tensor 1 goes first, and that is enough for 0.0105.
  MapProblem p = two_ways();
  p.room_bytes[1] = 0;
  const Choice one = keep_budget(p, of(0.0105), plain());
  CHECK(one.way == std::vector<std::size_t>{0, 3});
  CHECK(one.cost == 7);
  const Choice both = keep_budget(p, of(0.0104 - 1e-9), plain());
  CHECK(both.way == std::vector<std::size_t>{2, 3});
  CHECK(both.cost == 9);
  // Both protected need 90 bytes: with 89 nothing is left to move, and the result says so.
  p.room_bytes[0] = 89;
  CHECK(keep_budget(p, of(0.001), plain()).hazard > 0.001);
}

TEST_CASE("what the last move overshot is undone", "[budget]") {
  // From both protected in bank 0 (9 J) all budgets of 0.05 are met by both plain (3 J).
  const Choice c = keep_budget(two_ways(), of(0.05), {{2, 3}, {0, 0}});
  CHECK(c.cost == 3);
  CHECK(c.hazard <= 0.05);
}

TEST_CASE("moves keep to the point of a group, and leave it to the last that goes", "[budget]") {
  // One bank at two points, the second clean and dear: both tensors would have to go together.
  MapProblem p = two_ways();
  p.slots = {{0, 0, 0, 1e-4, 0.2}, {0, 0, 1, 1e-6, 0}};
  p.cost = {{1, 2}, {2, 4}, {3, 6}, {6, 9}};
  Budget b = of(0.02);
  for (std::size_t way : {2, 3}) b.hazard[2 * way] = b.hazard[2 * way + 1] = kNever;
  CHECK(keep_budget(p, b, plain()).hazard == 0.05);
  // Alone in the bank, a tensor takes the bank's point along.
  p.slots[0].partition = p.slots[0].group = 1;
  p.slots.push_back({1, 1, 1, 1e-6, 0});
  b.hazard = {0.01, 1e-4, 1e-4, 0.04, 4e-4, 4e-4, kNever, kNever, kNever, kNever, kNever, kNever};
  p.tensor_bytes[0] = 100;
  p.room_bytes = {100, 20};
  const Choice c = keep_budget(p, b, {{0, 1}, {1, 0}});
  CHECK(c.slot == std::vector<std::size_t>{1, 2});
}

TEST_CASE("budgets that make no sense are refused", "[budget]") {
  const MapProblem p = two_ways();
  const Budget few{{0, 1}, {0, 0, 0, 0}, 1}, short_of{{0, 1, 0, 1}, {0}, 1};
  CHECK_THROWS_AS(keep_budget(p, few, plain()), std::invalid_argument);
  CHECK_THROWS_AS(keep_budget(p, short_of, plain()), std::invalid_argument);
  CHECK_THROWS_AS(keep_budget(p, of(-1), plain()), std::invalid_argument);
  CHECK_THROWS_AS(keep_budget(p, of(1), {{1, 0}, {0, 0}}), std::invalid_argument);
  CHECK_THROWS_AS(keep_budget(p, of(1), {{0, 1}, {0, 2}}), std::invalid_argument);
  CHECK_THROWS_AS(keep_budget(p, of(1), {{0, 1}, {0}}), std::invalid_argument);
  CHECK_THROWS_AS(keep_budget(p, of(1), {{2, 3}, {0, 7}}), std::invalid_argument);
  Budget wrong = of(1);
  wrong.hazard[0] = -1;
  CHECK_THROWS_AS(keep_budget(p, wrong, plain()), std::invalid_argument);
}
