#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "csrc/core/controller/simulation.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/timing/small_memory.h"

using namespace eden;

namespace {

struct Kept : CommandSink {
  void add(const Issued& c) override {
    text += std::to_string(c.clock) + " " + name_of(c.command);
    if (is_of_bank(c.command)) text += " " + std::to_string(c.bank);
    text += "; ";
    commands.push_back(c);
  }
  std::string text;
  std::vector<Issued> commands;
};

struct Asked {
  int64_t arrival;
  int32_t bank;
  int64_t row;
  bool write = false;
};

struct Result {
  Kept kept;
  Served served;
};

Result serve(const Rules& rules, const std::vector<Asked>& requests, const Policy& policy = {},
             int64_t until = 0) {
  Result result;
  Controller controller(rules, policy, result.kept);
  int64_t column = 0;
  for (const Asked& a : requests) {
    Waiting r;
    r.bank = a.bank;
    r.row = a.row;
    r.column = column++;
    r.write = a.write;
    controller.offer(a.arrival, 0, r);
  }
  controller.finish(until);
  result.served = controller.served();
  Checker checker(rules);
  for (const Issued& c : result.kept.commands) checker.add(c);
  checker.finish();
  for (const Violation& v : checker.violations()) FAIL(said(v));
  return result;
}

Policy without_refresh() {
  Policy p;
  p.refresh = Refresh::kNone;
  return p;
}

const Rules kRules = small_rules();

}  // namespace

TEST_CASE("one read opens its row and takes its time", "[controller]") {
  // Accepted in clock 0, ACT in 1, RD tRCD = 6 later, data CL + BL = 7 later.
  const Result r = serve(kRules, {{0, 0, 1}});
  CHECK(r.kept.text == "1 ACT 0; 7 RD 0; ");
  CHECK(r.served.latency == 14);
  CHECK(r.served.data_end_clock == 14);
  CHECK(r.served.last_column_clock == 7);
}

TEST_CASE("a row hit goes before an older request that is not ready", "[controller]") {
  // The second waits for tRAS to close row 1, the third finds it open: tCCD_L = 9 after the first,
  // and tRTP = 13 lies between it and the PRE.
  const Result r = serve(kRules, {{0, 0, 1}, {0, 0, 2}, {0, 0, 1}}, without_refresh());
  CHECK(r.kept.text == "1 ACT 0; 7 RD 0; 16 RD 0; 29 PRE 0; 36 ACT 0; 42 RD 0; ");
  CHECK(r.served.row_hits == 1);
}

TEST_CASE("a capped row is closed although it is asked for", "[controller]") {
  Policy p = without_refresh();
  p.page = Page::kCapped;
  p.cap = 1;
  const Result r = serve(kRules, {{0, 0, 1}, {0, 0, 2}, {0, 0, 1}}, p);
  CHECK(r.kept.text ==
        "1 ACT 0; 7 RD 0; 21 PRE 0; 31 ACT 0; 37 RD 0; 51 PRE 0; 61 ACT 0; 67 RD 0; ");
  // Nobody else wants the bank: it stays open.
  CHECK(serve(kRules, {{0, 0, 1}, {0, 0, 1}}, p).kept.text == "1 ACT 0; 7 RD 0; 16 RD 0; ");
}

TEST_CASE("a closed page closes itself", "[controller]") {
  Policy p = without_refresh();
  p.page = Page::kClosed;
  const Result r = serve(kRules, {{0, 0, 1}, {0, 0, 1, true}}, p);
  // tRC = 30 after the first ACT; the write tRCDW = 4 later.
  CHECK(r.kept.text == "1 ACT 0; 7 RDA 0; 31 ACT 0; 35 WRA 0; ");
}

TEST_CASE("a refresh closes all rows, and they are opened again", "[controller]") {
  // Due at 500; PREA at once, REF tRP = 7 later, ACT tRFC = 50 after that.
  const Result r = serve(kRules, {{0, 0, 1}, {501, 0, 1}});
  CHECK(r.kept.text == "1 ACT 0; 7 RD 0; 500 PREA; 507 REF; 557 ACT 0; 563 RD 0; ");
  CHECK(r.served.latency == 14 + (570 - 501));
}

TEST_CASE("banks refreshed by turns leave the others at work", "[controller]") {
  Policy p;
  p.refresh = Refresh::kPerBank;
  // Every 500 / 4 clocks another bank.
  const Result r = serve(kRules, {{0, 1, 1}, {124, 1, 1}, {249, 1, 1}}, p);
  CHECK(r.kept.text ==
        "1 ACT 1; 7 RD 1; 125 REFB 0; 126 RD 1; 250 PRE 1; 257 REFB 1; 282 ACT 1; 288 RD 1; ");
  nlohmann::json memory = small_memory();
  memory["clocks"]["tRFCpb"] = 0;
  CHECK_THROWS_AS(serve(small_rules(memory), {}, p), std::invalid_argument);
}

TEST_CASE("writes wait until they are many, or nothing else waits", "[controller]") {
  Policy p = without_refresh();
  p.write_entries = 4;
  p.write_high = 0.5;
  p.write_low = 0.25;
  // Two writes do not exceed the half: they wait until no read does. The third write does, and goes
  // before the second read.
  const auto opened_before_writes = [&](int writes) {
    std::vector<Asked> requests{{0, 0, 1}, {0, 0, 2}, {0, 0, 3}};
    for (int i = 0; i < writes; ++i) requests.push_back({0, 2, 1, true});
    const std::string text = serve(kRules, requests, p).kept.text;
    const std::string before = text.substr(0, text.find("ACT 2"));
    int count = 0;
    for (std::size_t at = before.find("ACT 0"); at != std::string::npos; ++count) {
      at = before.find("ACT 0", at + 1);
    }
    return count;
  };
  CHECK(opened_before_writes(2) == 3);
  CHECK(opened_before_writes(3) == 1);
}

TEST_CASE("a read of what waits to be written is answered from there", "[controller]") {
  Kept kept;
  Controller controller(kRules, without_refresh(), kept);
  Waiting write;
  write.row = 1;
  write.write = true;
  Waiting read = write;
  read.write = false;
  controller.offer(0, 0, write);
  controller.offer(0, 0, read);
  controller.finish();
  CHECK(controller.served().forwarded == 1);
  CHECK(controller.served().reads == 0);
}

TEST_CASE("no marks of writes make reads wait for ever", "[controller]") {
  const Rules rules = small_rules();
  for (const double low : {0.0, 0.5, 1.0}) {
    for (const double high : {low, 1.0}) {
      for (const int64_t entries : {1, 32}) {
        Policy p;
        p.write_low = low;
        p.write_high = high;
        p.read_entries = p.write_entries = entries;
        std::vector<Asked> asked;
        for (int i = 0; i < 40; ++i) asked.push_back({i / 9 * 300, i % 4, i % 8, i % 3 != 0});
        const Served served = serve(rules, asked, p, 3000).served;
        CHECK(served.reads + served.writes == 40);
      }
    }
  }
}

TEST_CASE("a full queue holds back what comes behind", "[controller]") {
  Policy p = without_refresh();
  p.read_entries = 1;
  // A request leaves the queue with its ACT; the third is accepted in the clock of the second's.
  // Its row waits for tRRD_L = 8, its read for tCCD_L = 9 after that of bank 0.
  const Result r = serve(kRules, {{0, 0, 1}, {0, 2, 1}, {0, 1, 1}}, p);
  CHECK(r.kept.text == "1 ACT 0; 4 ACT 2; 7 RD 0; 9 ACT 1; 10 RD 2; 16 RD 1; ");
  // Accepted in clocks 0, 1 and 4.
  CHECK(r.served.latency == 14 + (17 - 1) + (23 - 4));
  CHECK(r.served.latency_from_arrival == 14 + 17 + 23);
  CHECK(r.served.longest_latency == 19);
}

TEST_CASE("what many requests wait for in all may exceed any one clock", "[controller]") {
  Kept kept;
  Controller controller(kRules, without_refresh(), kept);
  const int64_t late = int64_t{1} << 60;
  const double expected = 20 * static_cast<double>(late);
  for (int64_t i = 0; i < 20; ++i) {
    Waiting r;
    r.column = i;
    controller.offer(0, late, r);
  }
  controller.finish();
  CHECK(controller.served().latency < 1000 * 20);
  CHECK(std::abs(controller.served().latency_from_arrival / expected - 1) < 1e-12);
}

TEST_CASE("an idle rank lies down and is woken", "[controller]") {
  Policy p = without_refresh();
  p.power_down_clocks = 40;
  p.self_refresh_clocks = 300;
  const Result r = serve(kRules, {{0, 0, 1}, {100, 0, 1}, {600, 0, 1}}, p);
  CHECK(r.kept.text ==
        "1 ACT 0; 7 RD 0; 48 PDE; 101 PDX; 116 RD 0; 157 PDE; 417 PDX; 432 PREA; 439 SRE; "
        "601 SRX; 661 ACT 0; 667 RD 0; ");
  // A refresh wakes it too.
  Policy refreshed = p;
  refreshed.refresh = Refresh::kAllBank;
  refreshed.self_refresh_clocks = 0;
  CHECK(serve(kRules, {{0, 0, 1}}, refreshed, 560).kept.text ==
        "1 ACT 0; 7 RD 0; 48 PDE; 500 PDX; 515 PREA; 522 REF; ");
  // Refreshes are no work: the way to self-refresh may be longer than what lies between two.
  refreshed.self_refresh_clocks = 1100;
  const std::string text = serve(kRules, {{0, 0, 1}}, refreshed, 1800).kept.text;
  CHECK(text.find("1000 PDX; ") != std::string::npos);
  CHECK(text.find("SRE; ") != std::string::npos);
}

TEST_CASE("random requests break no rule", "[controller]") {
  nlohmann::json memory = small_memory();
  memory["ranks"] = 2;
  memory["bank_clocks"]["1"] = {{"tRCD", 2}, {"tRCDW", 2}, {"tRP", 3}};
  const Rules rules = small_rules(memory);
  Policy p;
  p.page = GENERATE(Page::kOpen, Page::kClosed, Page::kCapped);
  p.refresh = GENERATE(Refresh::kAllBank, Refresh::kPerBank);
  p.power_down_clocks = GENERATE(0, 30);
  p.self_refresh_clocks = p.power_down_clocks == 0 ? 0 : 200;
  p.cap = 2;
  std::vector<Asked> requests;
  uint64_t state = 1;
  const auto below = [&state](uint64_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
  };
  int64_t arrival = 0;
  for (int i = 0; i < 3000; ++i) {
    arrival += static_cast<int64_t>(below(20) == 0 ? below(900) : below(4));
    requests.push_back(
        {arrival, static_cast<int32_t>(below(8)), static_cast<int64_t>(below(3)), below(3) == 0});
  }
  const Served s = serve(rules, requests, p).served;
  CHECK(s.reads + s.writes == 3000);
}

TEST_CASE("policies that contradict themselves are refused", "[controller]") {
  CHECK(parse_policy("{}").read_entries == 32);
  const Policy p = parse_policy(R"({"page": "capped", "cap": 4, "refresh": "per-bank"})");
  CHECK(p.page == Page::kCapped);
  CHECK(p.cap == 4);
  CHECK(p.refresh == Refresh::kPerBank);
  for (const char* bad : {R"({"page": "ajar"})", R"({"cap": 0})", R"({"write_low": 0.9})", "[]",
                          R"({"rows": 1})", R"({"read_entries": 0})", "{"}) {
    CHECK_THROWS_WITH(parse_policy(bad), Catch::Matchers::StartsWith("controller: "));
  }
}

TEST_CASE("who has nothing to do stands by as long as the others work", "[simulation]") {
  nlohmann::json memory = small_memory();
  memory["channels"] = memory["ranks"] = 2;
  const auto rules = std::make_shared<const Rules>(small_rules(memory));
  SimulationOptions options;
  options.close = GENERATE(true, false);
  // Line 0 of channel 0 in rank 0: ACT at 1, RD at 7, complete CL + BL = 7 clocks later; or a PREA
  // CWL + BL + tWR + tRAS = 36 clocks after the RD, complete after tRP - 1.
  const int64_t length = options.close ? 7 + 36 + 6 : 14;
  const auto counts_as = [&](Counting counting) {
    options.counting = counting;
    Simulation s(rules, "t.txt", options);
    s.feed("0 R 0\n");
    s.finish();
    std::vector<TraceCounts> found;
    for (std::size_t channel : {0, 1}) {
      for (const RankCounts& rank : s.counts(channel)) found.push_back(rank.counts);
    }
    return found;
  };
  const std::vector<TraceCounts> n = counts_as(Counting::kEachClockOnce);
  REQUIRE(n.size() == 4);
  for (const TraceCounts& each : n) {
    CHECK(each.length == length);
    CHECK(each.active_cycles + each.precharged_cycles == length);
  }
  CHECK(n[1].precharged_cycles == length);
  if (!options.close) CHECK(counts_as(Counting::kDramPower4)[1].length == 0);
}

TEST_CASE("a trace goes through channels and is counted", "[simulation]") {
  nlohmann::json memory = small_memory();
  memory["channels"] = 2;
  const auto rules = std::make_shared<const Rules>(small_rules(memory));
  SimulationOptions options;
  Simulation s(rules, "t.txt", options);
  s.feed("0 R 0\n0 R 40\n0 W 8");
  s.feed("0\n");
  s.finish();
  // Lines 0 and 2 lie in channel 0, line 1 in channel 1: one clock later, as accepted.
  CHECK(s.requests() == 3);
  CHECK(s.served(0).reads == 1);
  CHECK(s.served(0).writes == 1);
  CHECK(s.served(1).reads == 1);
  CHECK(s.served(1).data_end_clock == 15);
  CHECK(s.counts(0)[0].counts.activates == 1);
  options.commands = CommandFormat::kNative;
  Simulation written(rules, "t.txt", options);
  written.feed("0 R 0\n0 R 40\n0 W 80\n");
  written.finish();
  CHECK(written.take_commands(0) == "1 ACT 0 0\n5 WR 0 0\n22 RD 0 0\n");
  CHECK(written.take_commands(1) == "2 ACT 0 0\n8 RD 0 0\n");
  CHECK(written.take_commands(1).empty());
  Simulation beyond(rules, "t.txt", {});
  CHECK_THROWS_WITH(beyond.feed("0 R ffff0000\n"), Catch::Matchers::StartsWith("t.txt:1: address"));
}
