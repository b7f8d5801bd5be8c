#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "csrc/core/timing/check.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/timing/small_memory.h"

using namespace eden;

namespace {

using C = Command;

std::vector<Violation> check(const Rules& rules, const std::vector<Issued>& trace,
                             bool refresh = false) {
  Checker checker(rules, refresh);
  for (const Issued& c : trace) checker.add(c);
  checker.finish();
  return checker.violations();
}

struct Case {
  const char* rule;  // part of what is said
  std::vector<Issued> prefix;
  Issued command;  // at the first clock that is accepted
};

// Banks 0 and 1 are of one group, 2 and 3 of the other.
const std::vector<Case> kCases{
    {"tRCD", {{0, C::kAct, 0, 1}}, {6, C::kRd, 0, 1}},
    {"tRCDW", {{0, C::kAct, 0, 1}}, {4, C::kWr, 0, 1}},
    {"tRAS", {{0, C::kAct, 0, 1}}, {20, C::kPre, 0}},
    {"tRAS", {{0, C::kAct, 0, 1}}, {20, C::kPrea, 0}},
    {"tRC", {{0, C::kAct, 0, 1}, {20, C::kPre, 0}}, {30, C::kAct, 0, 2}},
    {"tRP", {{0, C::kAct, 0, 1}, {90, C::kPre, 0}}, {97, C::kAct, 0, 2}},
    {"tRP", {{0, C::kAct, 0, 1}, {90, C::kPrea, 0}}, {97, C::kAct, 3, 2}},
    // tRP counts from the last PRE, also of a closed bank.
    {"tRP", {{0, C::kAct, 0, 1}, {90, C::kPre, 0}, {95, C::kPre, 0}}, {102, C::kAct, 0, 2}},
    {"tRRD_S", {{0, C::kAct, 0, 1}}, {3, C::kAct, 2, 1}},
    {"tRRD_L", {{0, C::kAct, 0, 1}}, {8, C::kAct, 1, 1}},
    {"tFAW over 4",
     {{0, C::kAct, 0, 1},
      {3, C::kAct, 2, 1},
      {8, C::kAct, 1, 1},
      {11, C::kAct, 3, 1},
      {20, C::kPre, 0}},
     {40, C::kAct, 0, 2}},
    {"tCCD_L", {{0, C::kAct, 0, 1}, {40, C::kRd, 0, 1}}, {49, C::kRd, 0, 1}},
    {"tCCD_S", {{0, C::kAct, 0, 1}, {9, C::kAct, 2, 1}, {40, C::kRd, 0, 1}}, {42, C::kRd, 2, 1}},
    {"tCCD_S", {{0, C::kAct, 0, 1}, {9, C::kAct, 2, 1}, {40, C::kWr, 0, 1}}, {42, C::kWr, 2, 1}},
    {"rd_to_wr", {{0, C::kAct, 0, 1}, {40, C::kRd, 0, 1}}, {54, C::kWr, 0, 1}},
    {"tWTR_S", {{0, C::kAct, 0, 1}, {9, C::kAct, 2, 1}, {40, C::kWr, 0, 1}}, {55, C::kRd, 2, 1}},
    {"tWTR_L", {{0, C::kAct, 0, 1}, {40, C::kWr, 0, 1}}, {57, C::kRd, 0, 1}},
    {"tRTP", {{0, C::kAct, 0, 1}, {40, C::kRd, 0, 1}}, {53, C::kPre, 0}},
    {"tWR", {{0, C::kAct, 0, 1}, {40, C::kWr, 0, 1}}, {56, C::kPrea, 0}},
    {"tRTP+tRP", {{0, C::kAct, 0, 1}, {40, C::kRda, 0, 1}}, {60, C::kAct, 0, 2}},
    // tRAS of a row that was read early ends later than tRTP.
    {"tRC", {{0, C::kAct, 0, 1}, {6, C::kRda, 0, 1}}, {30, C::kAct, 0, 2}},
    {"tWR", {{0, C::kAct, 0, 1}, {40, C::kWra, 0, 1}}, {63, C::kRef, 0}},
    {"tRP", {{0, C::kAct, 0, 1}, {40, C::kPre, 0}}, {47, C::kRef, 0}},
    {"tRFC", {{5, C::kRef, 0}}, {55, C::kAct, 2, 1}},
    {"tRFC", {{5, C::kRef, 0}}, {55, C::kRef, 0}},
    {"tRFCpb", {{5, C::kRefb, 1}}, {30, C::kAct, 1, 1}},
    {"tXP", {{5, C::kPde, 0}, {9, C::kPdx, 0}}, {24, C::kAct, 1, 1}},
    {"tXS", {{5, C::kSre, 0}, {99, C::kSrx, 0}}, {159, C::kAct, 1, 1}},
};

}  // namespace

TEST_CASE("every rule refuses one clock early and accepts on time", "[check]") {
  const Rules rules = small_rules();
  for (const Case& c : kCases) {
    CAPTURE(c.rule, c.command.clock);
    std::vector<Issued> trace = c.prefix;
    REQUIRE(check(rules, trace).empty());
    trace.push_back(c.command);
    CHECK(check(rules, trace).empty());
    trace.back().clock -= 1;
    const auto early = check(rules, trace);
    REQUIRE(early.size() == 1);
    CHECK(early[0].from_clock == c.command.clock);
    CHECK(early[0].rule.find(c.rule) != std::string::npos);
    CHECK(early[0].index == static_cast<int64_t>(c.prefix.size()));
  }
}

TEST_CASE("a bank may keep clocks of its own", "[check]") {
  nlohmann::json memory = small_memory();
  memory["bank_clocks"]["1"] = {{"tRCD", 2}, {"tRP", 3}};
  const Rules rules = small_rules(memory);
  CHECK(check(rules, {{0, C::kAct, 1, 1}, {2, C::kRd, 1, 1}}).empty());
  CHECK(check(rules, {{0, C::kAct, 0, 1}, {2, C::kRd, 0, 1}}).size() == 1);
  CHECK(check(rules, {{0, C::kAct, 1, 1}, {50, C::kPre, 1}, {53, C::kAct, 1, 1}}).empty());
  CHECK(check(rules, {{0, C::kAct, 0, 1}, {50, C::kPre, 0}, {53, C::kAct, 0, 1}}).size() == 1);
  // What waits for all banks waits for the slowest.
  CHECK(check(rules, {{0, C::kAct, 1, 1}, {50, C::kPrea, 0}, {53, C::kRef, 0}}).size() == 1);
}

TEST_CASE("states that allow no such command are named", "[check]") {
  const Rules rules = small_rules();
  const auto said_of = [&](const std::vector<Issued>& trace) {
    const auto found = check(rules, trace);
    return found.empty() ? "none" : said(found.back());
  };
  CHECK(said_of({{0, C::kAct, 0, 1}, {99, C::kAct, 0, 2}}) ==
        "command 2, clock 99: ACT to bank 0: the bank is open");
  CHECK(said_of({{9, C::kRd, 0, 1}}) == "command 1, clock 9: RD to bank 0: the bank is closed");
  CHECK(said_of({{0, C::kAct, 0, 1}, {9, C::kRd, 0, 2}}) ==
        "command 2, clock 9: RD to bank 0: row 1 is open");
  CHECK(said_of({{0, C::kAct, 0, 1}, {99, C::kRef, 0}}) ==
        "command 2, clock 99: REF: a bank is open");
  CHECK(said_of({{9, C::kPre, 0}, {9, C::kPre, 1}}) ==
        "command 2, clock 9: PRE to bank 1: two commands in one clock");
  CHECK(said_of({{9, C::kPre, 0}, {8, C::kPre, 1}}) ==
        "command 2, clock 8: PRE to bank 1: time runs backwards");
  CHECK(said_of({{9, C::kPde, 0}, {80, C::kPre, 1}}) ==
        "command 2, clock 80: PRE to bank 1: the rank is in power-down");
  CHECK(said_of({{9, C::kPdx, 0}}) == "command 1, clock 9: PDX: the rank is not in power-down");
  CHECK(said_of({{0, C::kAct, 0, 1}, {5, C::kRd, 0, 1}}) ==
        "command 2, clock 5: RD to bank 0: ACT to RD, bank: tRCD; accepted from clock 6");
  CHECK_THROWS_AS(check(rules, {{0, C::kAct, 4, 1}}), std::invalid_argument);
}

TEST_CASE("refreshes may be postponed by eight intervals", "[check]") {
  const Rules rules = small_rules();
  // Nine and a half intervals: nine were due.
  CHECK(check(rules, {{4750, C::kPre, 0}}, true).empty());
  CHECK(check(rules, {{5000, C::kPre, 0}}, true).size() == 1);
  CHECK(check(rules, {{600, C::kRef, 0}, {5000, C::kPre, 0}}, true).empty());
  // Self-refresh sees to its own.
  CHECK(check(rules, {{600, C::kSre, 0}, {9000, C::kSrx, 0}}, true).empty());
}

TEST_CASE("ranks share the bus and little else", "[check]") {
  nlohmann::json memory = small_memory();
  memory["ranks"] = 2;
  memory["clocks"]["tRTRS"] = 1;
  const Rules rules = small_rules(memory);
  const std::vector<Issued> open{{0, C::kAct, 0, 1}, {1, C::kAct, 4, 1}, {20, C::kRd, 0, 1}};
  auto trace = open;
  trace.push_back({23, C::kRd, 4, 1});
  CHECK(check(rules, trace).empty());
  trace.back().clock = 22;
  CHECK(check(rules, trace).size() == 1);
  CHECK(check(rules, {{0, C::kRef, 4}, {10, C::kAct, 0, 1}}).empty());
}

TEST_CASE("what a memory gives no clocks for is refused", "[check]") {
  for (const auto& [name, command] :
       {std::pair{"tXP", C::kPde}, {"tXP", C::kPds}, {"tXS", C::kSre}, {"tRFCpb", C::kRefb}}) {
    nlohmann::json memory = small_memory();
    CHECK(check(small_rules(memory), {{9, command, 0}}).empty());
    memory["clocks"][name] = 0;
    const auto found = check(small_rules(memory), {{9, command, 0}});
    REQUIRE(found.size() == 1);
    CHECK(found[0].rule == std::string("the memory gives no ") + name);
  }
}

TEST_CASE("one group of banks keeps the longer distance of activates", "[check]") {
  const auto [file, standard] = GENERATE(table<const char*, const char*>(
      {{"ddr3", "DDR3"}, {"lpddr3", "LPDDR3"}, {"lpddr4", "LPDDR4"}}));
  nlohmann::json memory = small_memory();
  memory["standard"] = standard;
  memory["geometry"]["bank_groups"] = 1;
  memory["geometry"]["banks_per_group"] = 4;
  const std::ifstream text(std::string(EDEN_SOURCE_DIR) + "/eden/dram/standards/" + file + ".txt");
  std::ostringstream lines;
  lines << text.rdbuf();
  const Rules rules(parse_memory(memory.dump()), parse_standard(lines.str(), file));
  CHECK(check(rules, {{0, C::kAct, 0, 1}, {7, C::kAct, 1, 1}}).size() == 1);
  CHECK(check(rules, {{0, C::kAct, 0, 1}, {8, C::kAct, 1, 1}}).empty());
}
