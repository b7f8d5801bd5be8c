#include <stdexcept>
#include <vector>

#include "csrc/core/counts/trace_counts.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/timing/small_memory.h"

using namespace eden;

namespace {

using C = Command;

struct Sent {
  int64_t clock;
  Command command;
  int32_t bank = 0;
};

RankCounter count(const std::vector<Sent>& trace, Counting as = Counting::kEachClockOnce,
                  const nlohmann::json& memory = small_memory(), int64_t until = 0) {
  RankCounter counter(parse_memory(memory.dump()), as);
  for (const Sent& s : trace) counter.add(s.clock, s.command, s.bank);
  counter.finish(until);
  return counter;
}

}  // namespace

TEST_CASE("clocks are those with some bank open and those with none", "[trace_counts]") {
  // Open from 10 to 50 and from 70 to 100, in two banks; the last PRE takes tRP = 7 clocks.
  const RankCounter c = count({{10, C::kAct, 0},
                               {16, C::kRd, 0},
                               {50, C::kPre, 0},
                               {70, C::kAct, 1},
                               {80, C::kAct, 2},
                               {85, C::kWr, 2},
                               {95, C::kPre, 1},
                               {100, C::kPre, 2}});
  const TraceCounts& n = c.counts();
  CHECK(n.activates == 3);
  CHECK(n.precharges == 3);
  CHECK(n.reads == 1);
  CHECK(n.writes == 1);
  CHECK(n.active_cycles == 40 + 30);
  CHECK(n.precharged_cycles == 10 + 20 + 6);
  CHECK(n.length == 106);
  CHECK(c.banks()[0].open_cycles == 40);
  CHECK(c.banks()[1].open_cycles == 25);
  CHECK(c.banks()[2].writes == 1);
}

TEST_CASE("time after the last command counts up to a clock", "[trace_counts]") {
  const auto rest = [](const std::vector<Sent>& trace) {
    return count(trace, Counting::kEachClockOnce, small_memory(), 100).counts();
  };
  CHECK(rest({{0, C::kAct, 0}}).active_cycles == 100);
  CHECK(rest({{0, C::kAct, 0}, {30, C::kPre, 0}}).precharged_cycles == 70);
  CHECK(rest({}).precharged_cycles == 100);
  const TraceCounts down = rest({{0, C::kAct, 0}, {30, C::kPre, 0}, {40, C::kPde, 0}});
  CHECK(down.precharged_fast_cycles == 60);
  CHECK(down.length == 100);
  // No sooner than the command is complete.
  CHECK(rest({{99, C::kAct, 0}}).length == 104);
}

TEST_CASE("a trace ends when its last command is complete", "[trace_counts]") {
  // CL + BL + 1 - 1 clocks after a read, CWL + BL + tWR - 1 after a write.
  CHECK(count({{0, C::kAct, 0}, {6, C::kRd, 0}}).counts().active_cycles == 6 + 7);
  CHECK(count({{0, C::kAct, 0}, {6, C::kWr, 0}}).counts().active_cycles == 6 + 15);
  CHECK(count({{0, C::kAct, 0}}).counts().active_cycles == 5);
  CHECK(count({}).counts().length == 0);
}

TEST_CASE("an automatic precharge has a time of its own", "[trace_counts]") {
  // RDA at 30: closed at 43. RDA at 6: tRAS keeps the row until 20. WRA at 30: 3 + 2 + 11 later.
  CHECK(count({{0, C::kAct, 0}, {30, C::kRda, 0}}).counts().active_cycles == 43);
  CHECK(count({{0, C::kAct, 0}, {6, C::kRda, 0}}).counts().active_cycles == 20);
  CHECK(count({{0, C::kAct, 0}, {30, C::kWra, 0}}).counts().active_cycles == 46);
  const TraceCounts n = count({{0, C::kAct, 0}, {6, C::kRda, 0}, {60, C::kAct, 0}}).counts();
  CHECK(n.precharges == 1);
  CHECK(n.active_cycles == 20 + 5);
  CHECK(n.precharged_cycles == 40);
}

TEST_CASE("banks that close by themselves without end are refused", "[trace_counts]") {
  // No memory takes them: a row is closed once. What was accepted would take memory and time.
  std::vector<Sent> trace{{0, C::kAct, 0}};
  trace.resize(1000, {0, C::kRda, 0});
  CHECK_THROWS_AS(count(trace), std::invalid_argument);
  trace.assign(1000, {0, C::kWra, 1});
  CHECK_THROWS_AS(count(trace), std::invalid_argument);
  nlohmann::json by_bank = small_memory();
  by_bank["clocks"]["tRFCpb"] = 20;
  trace.assign(1000, {0, C::kRefb, 0});
  CHECK_THROWS_AS(count(trace, Counting::kDramPower4, by_bank), std::invalid_argument);
}

TEST_CASE("a refresh is active but for its last tRP", "[trace_counts]") {
  const TraceCounts n = count({{100, C::kRef}, {200, C::kAct, 0}, {250, C::kPrea}}).counts();
  CHECK(n.refreshes == 1);
  CHECK(n.active_cycles == 43 + 50);
  CHECK(n.precharged_cycles == 100 + (200 - 143) + 6);
  CHECK(n.length == n.active_cycles + n.precharged_cycles);
}

TEST_CASE("a precharge of a closed bank counts nothing, but in DRAMPower 4.0", "[trace_counts]") {
  const std::vector<Sent> trace{{100, C::kRef}, {101, C::kPre, 0}, {200, C::kAct, 0}};
  const TraceCounts once = count(trace).counts();
  CHECK(once.precharged_cycles == 100 + 57);
  CHECK(once.precharges == 0);
  // It sets back the clock from which all are closed, into the refresh.
  const TraceCounts twice = count(trace, Counting::kDramPower4).counts();
  CHECK(twice.precharged_cycles == 100 + 99);
  CHECK(twice.length == once.length);
}

TEST_CASE("power-down takes its clocks from standby", "[trace_counts]") {
  const TraceCounts n = count({{10, C::kPde},
                               {40, C::kPdx},
                               {60, C::kAct, 0},
                               {90, C::kPds},
                               {190, C::kPdx},
                               {230, C::kPre, 0}})
                            .counts();
  CHECK(n.precharged_fast_cycles == 30);
  CHECK(n.active_slow_cycles == 100);
  CHECK(n.precharged_cycles == 10 + 20 + 6);
  CHECK(n.active_cycles == 30 + 40);
  CHECK(n.precharged_power_up_cycles == 15);  // tXP
  CHECK(n.active_power_up_cycles == 10);      // tXPDLL - tRCD
  CHECK(n.power_downs == 2);
  // Asleep at the end.
  CHECK(count({{10, C::kPde}}).counts().precharged_cycles == 10);
  // Not for less than no time.
  for (const C c : {C::kPde, C::kPds, C::kSre}) {
    const TraceCounts last = count({{10, c}}).counts();
    CHECK(last.precharged_fast_cycles + last.precharged_slow_cycles == 0);
    CHECK(last.entry_active_cycles + last.self_refresh_cycles == 0);
    CHECK(last.length == 10);
  }
}

TEST_CASE("a row that closes in power-down ends its clocks with an open row", "[trace_counts]") {
  // RDA at 10 closes at 10 + tRTP = 23, asleep since 15.
  const TraceCounts n = count({{0, C::kAct, 0},
                               {10, C::kRda, 0},
                               {15, C::kPde},
                               {100, C::kPdx},
                               {110, C::kAct, 1},
                               {140, C::kPre, 1}})
                            .counts();
  CHECK(n.active_cycles == 15 + 30);
  CHECK(n.active_fast_cycles == 8);
  CHECK(n.precharged_fast_cycles == 77);
  CHECK(n.precharged_cycles == 10 + 6);
  CHECK(n.length == 45 + 8 + 77 + 16);
  // Closed by a command while it sleeps, as what ends a trace is.
  const TraceCounts closed = count({{0, C::kAct, 0}, {30, C::kPds}, {100, C::kPrea}}).counts();
  CHECK(closed.active_cycles == 30);
  CHECK(closed.active_slow_cycles == 70);
  CHECK(closed.precharged_slow_cycles == 6);
  CHECK(closed.precharged_cycles == 0);
}

TEST_CASE("power-down in a refresh begins when that has ended", "[trace_counts]") {
  // REF at 100 counts as active for tRFC - tRP = 43.
  const TraceCounts n =
      count({{100, C::kRef}, {110, C::kPde}, {200, C::kPdx}, {210, C::kAct, 0}, {240, C::kPre, 0}})
          .counts();
  CHECK(n.active_cycles == 43 + 30);
  CHECK(n.precharged_fast_cycles == 57);
  CHECK(n.precharged_cycles == 100 + 10 + 6);
  CHECK(n.length == 73 + 57 + 116);
  // Woken before it ends there was no power-down.
  const TraceCounts early =
      count({{100, C::kRef}, {110, C::kPde}, {120, C::kPdx}, {160, C::kAct}}).counts();
  CHECK(early.precharged_fast_cycles == 0);
  CHECK(early.precharged_cycles == 100 + 17);
}

TEST_CASE("self-refresh begins with a refresh", "[trace_counts]") {
  const TraceCounts n = count({{100, C::kSre}, {400, C::kSrx}, {500, C::kAct, 0}}).counts();
  CHECK(n.self_refresh_cycles == 250);
  CHECK(n.entry_active_cycles == 43);
  CHECK(n.entry_precharged_cycles == 7);
  CHECK(n.self_refresh_power_up_cycles == 64);  // tXSDLL - tRCD
  CHECK(n.precharged_cycles == 100 + 100);
  // Left within it: the rest is done outside.
  const TraceCounts early = count({{100, C::kSre}, {120, C::kSrx}, {500, C::kAct, 0}}).counts();
  CHECK(early.entry_active_cycles == 20);
  CHECK(early.exit_active_cycles == 23);
  CHECK(early.exit_precharged_cycles == 7);
  CHECK(early.precharged_cycles == 100 + 380 - 30);
  // DRAMPower 4.0 takes the whole of tRFC for active.
  const TraceCounts four = count({{100, C::kSre}, {120, C::kSrx}}, Counting::kDramPower4).counts();
  CHECK(four.exit_active_cycles == 30);
  const TraceCounts late = count({{100, C::kSre}, {145, C::kSrx}}).counts();
  CHECK(late.entry_precharged_cycles == 2);
  CHECK(late.exit_precharged_cycles == 5);
}

TEST_CASE("ways of counting go by their names", "[trace_counts]") {
  CHECK(counting("once") == Counting::kEachClockOnce);
  CHECK(counting("drampower4") == Counting::kDramPower4);
  CHECK_THROWS_AS(counting("twice"), std::invalid_argument);
}
