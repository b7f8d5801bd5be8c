#include <stdexcept>
#include <vector>

#include "csrc/core/trace/commands.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/timing/small_memory.h"

using namespace eden;

namespace {

using C = Command;

const Organisation kOrganisation = parse_memory(small_memory().dump()).organisation;

std::vector<Issued> read(const std::string& text, const Organisation& o = kOrganisation) {
  CommandReader reader("c.txt", o);
  std::vector<Issued> found;
  for (const char letter : text) {
    reader.feed(std::string_view(&letter, 1), [&](const Issued& c) { found.push_back(c); });
  }
  reader.finish();
  return found;
}

std::string complaint(const std::string& text) {
  return complaint_of([&] { read(text); });
}

bool is(const Issued& a, const Issued& b) {
  return a.clock == b.clock && a.command == b.command && a.bank == b.bank && a.row == b.row;
}

const std::vector<Issued> kTrace{{1, C::kAct, 3, 5},   {7, C::kRd, 3, 5}, {50, C::kPde, 0},
                                 {60, C::kPdx, 0},     {90, C::kPrea, 0}, {99, C::kRef, 0},
                                 {200, C::kSre, 0},    {300, C::kSrx, 0}, {400, C::kAct, 1, 7},
                                 {410, C::kWra, 1, 7}, {500, C::kPde, 0}};

}  // namespace

TEST_CASE("traces of three tools are read", "[commands]") {
  auto c = read("1 ACT 3 5\n7 RD 3 5\n9 RD 3\n40 PRE 3 \n90 PREA -1 \n99 REF -1\n");
  REQUIRE(c.size() == 6);
  CHECK(is(c[0], {1, C::kAct, 3, 5}));
  CHECK(is(c[2], {9, C::kRd, 3, -1}));
  CHECK(is(c[4], {90, C::kPrea, 0, -1}));
  c = read("1,ACT,3\n7,RD,3\n50,PDN_F_ACT,0\n60,PUP_ACT,0\n70,PDN_S_PRE,0\n80,SREN,0\n90,END,0\n");
  REQUIRE(c.size() == 6);
  CHECK(is(c[2], {50, C::kPde, 0, -1}));
  CHECK(is(c[4], {70, C::kPds, 0, -1}));
  // Group 1, bank 1 is bank 3.
  c = read("1,ACT,0,1,1,5,0\n7,RD,0,1,1,5,2\n9,PREA,0,0,0,0,0\n");
  REQUIRE(c.size() == 3);
  CHECK(is(c[1], {7, C::kRd, 3, 5}));
  CHECK(is(c[2], {9, C::kPrea, 0, -1}));
}

TEST_CASE("of several ranks a command says which it is for", "[commands]") {
  Organisation two = kOrganisation;
  two.ranks = 2;
  CHECK(is(read("90 PREA 4\n", two)[0], {90, C::kPrea, 4, -1}));
  CHECK(complaint_of([&] { read("90 PREA -1\n", two); }).find("c.txt:1: ") == 0);
}

TEST_CASE("commands that are written are read again", "[commands]") {
  const auto format =
      GENERATE(CommandFormat::kNative, CommandFormat::kDrampower4, CommandFormat::kDrampower5);
  CommandWriter writer(kOrganisation, format);
  std::string text;
  for (const Issued& c : kTrace) writer.write(c, &text);
  const auto again = read(text);
  REQUIRE(again.size() == kTrace.size());
  for (std::size_t i = 0; i < kTrace.size(); ++i) {
    Issued c = kTrace[i];
    if (format == CommandFormat::kDrampower4) c.row = -1;  // has none
    CHECK(is(again[i], c));
  }
  if (format != CommandFormat::kDrampower4) return;
  CHECK(text.find("50,PDN_F_ACT,0\n") != std::string::npos);
  CHECK(text.find("500,PDN_F_PRE,0\n") != std::string::npos);
}

TEST_CASE("a bad command is refused with file and number", "[commands]") {
  CHECK(complaint("1 ACT 3 5\n2 RX 3 5\n").find("c.txt:2: '2 RX 3 5' is no command") == 0);
  CHECK(complaint("1 ACT 3 5\n2,RD,3\n").find("c.txt:2: ") == 0);  // another format
  CHECK(complaint("1,END,0\n2,ACT,0\n") ==
        "c.txt:2: what follows END is a command, accepted: nothing");
  for (const char* bad :
       {"\n", "1 ACT 3\n", "1 ACT 4 5\n", "1 ACT -1 5\n", "1 ACT 3 8\n", "-1 RD 3 5\n",
        "1 RD 3 5 6\n", "x,ACT,0\n", "1,ACT,4\n", "1,ACT,\n", "1,ACT\n", "1,ACT,0,2,0,0,0\n",
        "1,ACT,0,0,0,0,0,0,0\n", "99999999999999999999 RD 3 5\n", "1 RD 3 5\r\n", "1 RD 3 5"}) {
    CAPTURE(bad);
    CHECK(complaint(bad).find("c.txt:1: ") == 0);
  }
  CHECK_THROWS_AS(command_format("dramsim3"), std::invalid_argument);
}
