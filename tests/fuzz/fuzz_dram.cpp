// Feeds the parsers of the DRAM engine: what they accept goes on to the controller, the counter and
// the checker, which must come to no harm. The first byte chooses the parser, and whether the
// others are its text or choose words of it: random letters alone seldom make a line.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "csrc/core/controller/simulation.h"

namespace {

using namespace eden;

constexpr const char* kMemory = R"({
  "name": "small", "standard": "SMALL",
  "geometry": {"chips": 2, "chip_width": 64, "bank_groups": 2, "banks_per_group": 2, "rows": 64,
               "row_bytes": 256, "request_bytes": 64},
  "ranks": 2, "tCK_ns": 2,
  "clocks": {"BL": 2, "CL": 5, "CWL": 3, "tRCD": 6, "tRCDW": 4, "tRP": 7, "tRAS": 20, "tRC": 30,
             "tRRD_S": 3, "tRRD_L": 8, "tFAW": 40, "tCCD_S": 2, "tCCD_L": 9, "tWTR_S": 10,
             "tWTR_L": 12, "tWR": 11, "tRTP": 13, "tRFC": 50, "tREFI": 500, "rd_to_wr": 14},
  "currents_mA": {"IDD0": 60, "IDD2N": 20, "IDD3N": 30, "IDD4R": 130, "IDD4W": 120, "IDD5": 150},
  "vdd": 1.5
})";
constexpr const char* kTable =
    "standard SMALL\nACT RD,WR bank tRCD\nACT PRE bank tRAS\nPRE,PREA ACT,REF bank tRP\n"
    "RD RD rank BL\nACT ACT rank tFAW 4\nREF ACT,REF rank tRFC\n";

const std::shared_ptr<const Rules>& rules() {
  static const auto made =
      std::make_shared<const Rules>(parse_memory(kMemory), parse_standard(kTable, "table"));
  return made;
}

constexpr const char* kWords[] = {"\n",
                                  "\n",
                                  " ",
                                  " ",
                                  ",",
                                  "0",
                                  "1",
                                  "2",
                                  "40",
                                  "9",
                                  "c0",
                                  "0x80",
                                  "R",
                                  "W",
                                  "READ",
                                  "WRITE",
                                  "LD",
                                  "ST",
                                  "-1",
                                  "ACT",
                                  "PRE",
                                  "RD",
                                  "WRA",
                                  "PREA",
                                  "REF",
                                  "PDE",
                                  "PDX",
                                  "SRE",
                                  "SRX",
                                  "standard ",
                                  "S",
                                  "bank",
                                  "rank",
                                  "tRCD",
                                  "+",
                                  "max(",
                                  ")",
                                  "?",
                                  "{",
                                  "-",
                                  "1e9",
                                  "[",
                                  "null",
                                  "true",
                                  "\"tRCD\"",
                                  "\"vdd\": 2,",
                                  "\"bank_clocks\": {\"1\": {\"tRP\": 4}},",
                                  "\"second_supply\": {\"vdd\": 2},",
                                  "\"interface\": {\"read_pins\": 8},",
                                  "}",
                                  "\"cap\"",
                                  ":",
                                  "\"page\"",
                                  "ro ",
                                  "ba ",
                                  "bg ",
                                  "ra ",
                                  "co ",
                                  "ch",
                                  "co[1:]",
                                  "co[:1] ",
                                  "; ",
                                  "^= ",
                                  "END",
                                  "\r\n",
                                  "1 R 40\n",
                                  "2 W 80\n",
                                  "3 ACT 1 2\n",
                                  "9 RD 1 2\n",
                                  "9,ACT,0\n",
                                  "ACT RD bank tRCD\n",
                                  "0,ACT,0,1,1,5,0\n",
                                  "LD 0x40\n",
                                  "3 64 128\n"};

std::string words(const uint8_t* data, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += kWords[data[i] % std::size(kWords)];
  return text;
}

// The text in two pieces, cut where `cut` says.
template <class Reader>
void feed(Reader& reader, std::string_view text, std::size_t cut) {
  cut %= text.size() + 1;
  reader(text.substr(0, cut));
  reader(text.substr(cut));
}

void requests(std::string_view text, std::size_t cut) {
  RequestReader reader("f");
  int64_t seen = 0;
  const auto sink = [&seen](const TraceRequest& r) {
    if (r.clock < 0) __builtin_trap();
    ++seen;
  };
  const auto read = [&](std::string_view piece) { reader.feed(piece, sink); };
  feed(read, text, cut);
  reader.finish();
}

void commands(std::string_view text, std::size_t cut) {
  const Organisation& o = rules()->memory().organisation;
  CommandReader reader("f", o);
  Checker checker(*rules());
  Counted counted(rules()->memory(), Counting::kDramPower4);
  CommandWriter writer(o, CommandFormat::kDrampower4);
  std::string written;
  const auto sink = [&](const Issued& c) {
    if (c.bank < 0 || c.bank >= o.banks()) __builtin_trap();
    checker.add(c);
    if (c.clock >= counted.last_clock()) counted.add(c);
    writer.write(c, &written);
  };
  const auto read = [&](std::string_view piece) { reader.feed(piece, sink); };
  feed(read, text, cut);
  reader.finish();
  checker.finish();
  counted.close(rules()->memory());
  counted.finish();
}

void simulate(std::string_view text, std::size_t cut) {
  SimulationOptions options;
  // Time that nothing happens in is passed refresh by refresh.
  options.policy.refresh = Refresh::kNone;
  Simulation simulation(rules(), "f", options);
  const auto read = [&](std::string_view piece) { simulation.feed(piece); };
  feed(read, text, cut);
  simulation.finish();
}

// A description with a few parts of it replaced by words: random text seldom gets beyond its first
// key.
void memory(const uint8_t* data, size_t size) {
  std::string text = kMemory;
  for (; size >= 4; data += 4, size -= 4) {
    const std::size_t from = (std::size_t{data[0]} << 8 | data[1]) % text.size();
    text.replace(from, data[2] % 16, kWords[data[3] % std::size(kWords)]);
    if (data[2] >= 64) break;
  }
  parse_memory(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string text = data[0] >= 128
                               ? words(data + 2, size - 2)
                               : std::string(reinterpret_cast<const char*>(data + 2), size - 2);
  try {
    switch (data[0] % 7) {
      case 0:
        requests(text, data[1]);
        break;
      case 1:
        commands(text, data[1]);
        break;
      case 2:
        simulate(text, data[1]);
        break;
      case 3:
        parse_standard(text, "f");
        break;
      case 4:
        parse_policy(text);
        break;
      case 5:
        memory(data + 2, size - 2);
        break;
      default:
        BitMap(rules()->memory().organisation, text);
    }
  } catch (const std::invalid_argument& error) {
    // One line, whatever was read.
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) __builtin_trap();
  }
  return 0;
}
