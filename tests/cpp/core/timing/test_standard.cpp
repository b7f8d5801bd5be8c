#include <fstream>
#include <sstream>
#include <stdexcept>

#include "csrc/core/timing/standard.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/timing/small_memory.h"

using namespace eden;

namespace {

int64_t value(const std::string& text) {
  return Formula(text).value([](const std::string& name, bool optional) -> int64_t {
    if (name == "BL") return 4;
    if (name == "tWR") return 12;
    if (optional) return 0;
    throw std::invalid_argument("no " + name);
  });
}

std::string complaint(const std::string& table) {
  return complaint_of([&] { parse_standard(table, "t.txt"); });
}

std::string complaint(const nlohmann::json& memory) {
  return complaint_of([&] { parse_memory(memory.dump()); });
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("formulas are sums of clocks", "[standard]") {
  CHECK(value("7") == 7);
  CHECK(value("BL+tWR-3") == 13);
  CHECK(value("max(BL,tWR)+1") == 13);
  CHECK(value("max(1,BL-tWR)") == 1);
  CHECK(value("max(max(1,BL),2)") == 4);
  CHECK(value("BL+tRTRS?") == 4);
  CHECK_THROWS_AS(value("tRTRS"), std::invalid_argument);
  for (const char* bad : {"", "+", "BL+", "-BL", "max(BL)", "max(BL,tWR", "BL tWR", "BL*2", "2x",
                          "123456789", "max(,)", "BL)"}) {
    CHECK_THROWS_AS(Formula(bad), std::invalid_argument);
  }
}

TEST_CASE("a bad table is refused with its line", "[standard]") {
  const std::string head = "# x\nstandard S\n";
  CHECK(has(complaint(std::string("ACT RD bank tRCD\n")), "t.txt:1: the first line is no name"));
  CHECK(has(complaint(head), "t.txt:2: number of constraints is 0"));
  CHECK(
      has(complaint(head + "ACT RX bank tRCD\n"), "t.txt:3: command is 'RX', accepted: ACT, PRE"));
  CHECK(has(complaint(head + "\nACT RD chip tRCD\n"),
            "t.txt:4: level is 'chip', accepted: bank, group"));
  CHECK(has(complaint(head + "ACT RD bank\n"), "t.txt:3: number of columns is 3"));
  CHECK(has(complaint(head + "ACT RD bank t+\n"), "t.txt:3: clocks is 't+'"));
  CHECK(has(complaint(head + "ACT ACT rank tFAW 0\n"), "t.txt:3: window is '0'"));
  CHECK(has(complaint(head + "ACT ACT bank tFAW 4\n"), "t.txt:3: level of a window is 'bank'"));
  for (const char* bad : {"0", "65", "2.5", "-4"}) {
    CHECK(
        has(complaint(head + "transfers " + bad + "\n"),
            "t.txt:3: transfers is '" + std::string(bad) + "', accepted: an integer from 1 to 64"));
  }
  CHECK(has(complaint(head + "transfers 4\ntransfers 2\n"), "t.txt:4: number of columns is 2"));
}

TEST_CASE("clocks that contradict each other are refused", "[memory]") {
  const auto with = [](const char* name, int64_t clocks) {
    nlohmann::json memory = small_memory();
    memory["clocks"][name] = clocks;
    return complaint(memory);
  };
  CHECK(complaint(small_memory()) == "none");
  CHECK(with("tRC", 26).rfind("memory description: clocks.tRC", 0) == 0);
  CHECK(has(with("tRC", 26), "clocks.tRC is 26, accepted: at least tRAS + tRP = 27"));
  CHECK(with("tRC", 27) == "none");
  CHECK(has(with("tFAW", 2), "clocks.tFAW is 2, accepted: at least tRRD_S = 3"));
  CHECK(has(with("tREFI", 51), "clocks.tREFI is 51, accepted: at least 2 tRFC = 100"));
  CHECK(has(with("tREFI", 99), "clocks.tREFI is 99"));
  CHECK(with("tREFI", 100) == "none");
  CHECK(has(with("tRFC", 251), "clocks.tREFI is 500, accepted: at least 2 tRFC = 502"));
  CHECK(with("tRFCpb", 125) == "none");
  CHECK(
      has(with("tRFCpb", 126), "clocks.tREFI is 500, accepted: at least tRFCpb of 4 banks = 504"));
  CHECK(has(with("tRCD", 0), "clocks.tRCD is 0, accepted: at least one clock = 1"));
  CHECK(has(with("tWR", -1), "clocks.tWR is -1"));
  nlohmann::json memory = small_memory();
  memory["standard"] = "GDDR5";  // 1.9 us of 2 ns
  memory["clocks"]["tREFI"] = 950;
  CHECK(complaint(memory) == "none");
  memory["clocks"]["tREFI"] = 9500;
  CHECK(
      has(complaint(memory), "clocks.tREFI is 9500, accepted: at most 950, which GDDR5 is rated"));
  memory = small_memory();
  memory["clocks"].erase("tWTR_L");
  CHECK(has(complaint(memory), "clocks.tWTR_L is missing"));
  memory = small_memory();
  memory["geometry"]["rows"] = 7;
  CHECK(has(complaint(memory), "geometry.rows is 7, accepted: a power of two"));
  memory = small_memory();
  memory["bank_clocks"]["4"]["tRCD"] = 5;
  CHECK(has(complaint(memory), "bank_clocks.4 is unknown, accepted: banks from 0 to 3"));
  memory = small_memory();
  memory["bank_clocks"]["3"]["tRP"] = 11;
  CHECK(has(complaint(memory), "bank_clocks.3.tRC is 30, accepted: at least tRAS + tRP = 31"));
}

TEST_CASE("a burst moves one request", "[memory]") {
  const auto with = [](const char* where, const char* name, int64_t value, const char* head = "") {
    nlohmann::json memory = small_memory();
    memory[where][name] = value;
    const std::string table = "standard SMALL\n" + std::string(head) + "ACT RD bank tRCD\n";
    return complaint_of(
        [&] { check_burst(Rules(parse_memory(memory.dump()), parse_standard(table, "t.txt"))); });
  };
  CHECK(with("geometry", "chips", 2) == "none");
  CHECK(with("geometry", "chips", 1) ==
        "memory description: a burst is 256 bits (1 chips x 64 bits x 2 transfers x 2 clocks), "
        "accepted: 512, a request: chips, chip_width, BL and request_bytes that agree");
  CHECK(has(with("geometry", "chips", 3), "a burst is 768 bits (3 chips"));
  CHECK(has(with("geometry", "chip_width", 32), "a burst is 256 bits (2 chips x 32 bits"));
  CHECK(has(with("geometry", "request_bytes", 32),
            "is 512 bits (2 chips x 64 bits x 2 transfers x "
            "2 clocks), accepted: 256, a request"));
  CHECK(has(with("clocks", "BL", 1), "x 1 clocks), accepted: 512"));
  CHECK(has(with("clocks", "BL", 4), "x 4 clocks), accepted: 512"));
  CHECK(with("clocks", "BL", 1, "transfers 4\n") == "none");
  CHECK(has(with("clocks", "BL", 2, "transfers 4\n"), "x 4 transfers x 2 clocks), accepted: 512"));
}

TEST_CASE("a lower tRCD lowers that of writes and nothing else", "[memory]") {
  const Memory m = with_trcd(parse_memory(small_memory().dump()), 4);
  CHECK(m.clocks_of("tRCD") == 4);
  CHECK(m.clocks_of("tRCDW") == 2);
  CHECK(m.clocks_of("tRAS") == 20);
  CHECK(with_trcd(m, 1).clocks_of("tRCDW") == 1);
  CHECK_THROWS_AS(with_trcd(m, 0), std::invalid_argument);
  CHECK(with_trcd(m, 1 << 24).clocks_of("tRCD") == 1 << 24);
  CHECK_THROWS_AS(with_trcd(m, (1 << 24) + 1), std::invalid_argument);
}

TEST_CASE("the standards that come with eden are tables", "[standard]") {
  const std::string name =
      GENERATE(as<std::string>{}, "ddr3", "ddr4", "lpddr3", "lpddr4", "gddr5", "hbm");
  std::ifstream file(std::string(EDEN_SOURCE_DIR) + "/eden/dram/standards/" + name + ".txt");
  std::ostringstream text;
  text << file.rdbuf();
  const Standard standard = parse_standard(text.str(), name);
  CHECK(standard.constraints.size() > 25);
  CHECK(standard.transfers == (name == "gddr5" ? 4 : 2));
}

TEST_CASE("a memory needs its own standard and all of its clocks", "[standard]") {
  const Memory memory = parse_memory(small_memory().dump());
  const auto table = [](const std::string& text) { return parse_standard(text, "t"); };
  CHECK_THROWS_AS(Rules(memory, table("standard OTHER\nACT RD bank tRCD\n")),
                  std::invalid_argument);
  CHECK_THROWS_AS(Rules(memory, table("standard SMALL\nACT RD bank tNONE\n")),
                  std::invalid_argument);
  CHECK(Rules(memory, table("standard SMALL\nACT RD bank tNONE?\n")).rules().size() == 1);
}
