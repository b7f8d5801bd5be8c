#include <stdexcept>
#include <vector>

#include "csrc/core/trace/requests.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

std::vector<TraceRequest> read(const std::string& text, std::size_t piece = 1000,
                               RequestFormat format = RequestFormat::kFound) {
  RequestReader reader("t.txt", format);
  std::vector<TraceRequest> found;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    reader.feed(std::string_view(text).substr(at, piece),
                [&](const TraceRequest& r) { found.push_back(r); });
  }
  reader.finish();
  return found;
}

std::string complaint(const std::string& text) {
  return complaint_of([&] { read(text); });
}

bool is(const TraceRequest& r, int64_t clock, uint64_t address, bool write) {
  return r.clock == clock && r.address == address && r.write == write;
}

}  // namespace

TEST_CASE("traces of four tools are read, in pieces of any size", "[requests]") {
  const auto piece = GENERATE(as<std::size_t>{}, 1, 2, 7, 1000);
  auto r = read("0 R 40\n12 W ff80\n", piece);
  REQUIRE(r.size() == 2);
  CHECK(is(r[0], 0, 0x40, false));
  CHECK(is(r[1], 12, 0xFF80, true));
  r = read("0x40 READ 3\n0xFFC0 WRITE 3\n", piece);
  REQUIRE(r.size() == 2);
  CHECK(is(r[1], 3, 0xFFC0, true));
  r = read("LD 0x40\nST 0x80\n", piece);
  REQUIRE(r.size() == 2);
  CHECK(is(r[1], 0, 0x80, true));
  // A read and the write that follows it.
  r = read("3 64\n0 128 256\n", piece);
  REQUIRE(r.size() == 3);
  CHECK(is(r[0], 0, 64, false));
  CHECK(is(r[2], 0, 256, true));
  CHECK(read("", piece).empty());
}

TEST_CASE("what is written is read again", "[requests]") {
  const auto format = GENERATE(RequestFormat::kNative, RequestFormat::kDramsim3,
                               RequestFormat::kRamulator2, RequestFormat::kSimpleO3);
  const bool timed = format == RequestFormat::kNative || format == RequestFormat::kDramsim3;
  const TraceRequest r{timed ? 123456789012 : 0, 0x123456789C0, format != RequestFormat::kSimpleO3};
  const auto again = read(request_line(r, format), 1000, format);
  REQUIRE(again.size() == 1);
  CHECK(is(again[0], r.clock, r.address, r.write));
  CHECK_THROWS_AS(request_line({0, 0, true}, RequestFormat::kSimpleO3), std::invalid_argument);
}

TEST_CASE("a bad line is refused with file and number", "[requests]") {
  CHECK(complaint("0 R 40\n5 R 80\n3 R c0\n") ==
        "t.txt:3: clock is 3 after clock 5, accepted: clocks that do not go back");
  CHECK(complaint("0 R 40\n5 R\n") ==
        "t.txt:2: '5 R' is no request, accepted: clock R|W hexaddress");
  CHECK(complaint("0 R 40\n0x80 READ 3\n").find("t.txt:2: ") == 0);  // another format
  CHECK(complaint("0 R 40\r\n") == "t.txt:1: end of the line is CR LF, accepted: LF");
  CHECK(complaint("0 R 40\n1 R 8") ==
        "t.txt:2: '1 R 8' is without a line break, accepted: a file that was not cut short");
  for (const char* bad :
       {"\n", "hello\n", "-1 R 40\n", "0 R -40\n", "0 R 0x\n", "0 R 1g\n", "0 r 40\n", "0 R 40 9\n",
        "99999999999999999999 R 40\n", "0 R 11111111111111111\n", "LD 40 1\n", "0x40 READ -3\n",
        "-1 64\n", "1 2 3 4\n", "1 -2\n"}) {
    CAPTURE(bad);
    CHECK(complaint(bad).find("t.txt:1: ") == 0);
  }
  CHECK(complaint(std::string(5000, '1')).find("the line is 5000 bytes long or more") !=
        std::string::npos);
  CHECK(complaint(std::string("\x01\x80 R 0\n")).find("'?? R 0'") != std::string::npos);
  CHECK_THROWS_AS(request_format("dramsim2"), std::invalid_argument);
}

TEST_CASE("a refusal of what takes the requests gets its line", "[requests]") {
  RequestReader reader("t.txt");
  const auto refuse = [](const TraceRequest&) { throw std::invalid_argument("too far"); };
  CHECK_THROWS_WITH(reader.feed("0 R 40\n", refuse), "t.txt:1: too far");
}
