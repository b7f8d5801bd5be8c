#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace eden {

// How a channel is built. A row is that of the whole rank, a request moves one burst of it.
struct Organisation {
  int64_t channels = 1;
  int64_t ranks = 1;
  int64_t bank_groups = 1;
  int64_t banks_per_group = 1;
  int64_t rows = 0;
  int64_t row_bytes = 0;
  int64_t request_bytes = 0;
  int64_t chips = 1;  // of a rank
  int64_t chip_width = 8;

  int64_t banks_per_rank() const { return bank_groups * banks_per_group; }
  int64_t banks() const { return ranks * banks_per_rank(); }
  int64_t columns() const { return row_bytes / request_bytes; }
  int64_t size_bytes() const { return channels * banks() * rows * row_bytes; }
};

// Clocks by the names that standards use, such as tRCD. Ordered, so that it prints alike.
using Clocks = std::map<std::string, int64_t>;

// Currents of one chip on one supply, in amperes.
struct Supply {
  std::string name;
  double volts = 0;
  double idd0 = 0;
  double idd2n = 0;
  double idd3n = 0;
  double idd4r = 0;
  double idd4w = 0;
  double idd5 = 0;
  // Where a trace powers down: -1 if the description leaves them out.
  double idd2p_fast = -1;
  double idd2p_slow = -1;
  double idd3p_fast = -1;
  double idd3p_slow = -1;
  double idd6 = -1;
};

// What a chip's pins take during a burst.
struct Interface {
  double read_watts_per_pin = 0;
  double write_watts_per_pin = 0;  // termination
  int64_t read_pins = 0;           // DQ and strobes
  int64_t write_pins = 0;          // those, and mask
};

// One memory as the engine sees it: organisation, clocks, currents.
struct Memory {
  std::string name;
  std::string standard;
  Organisation organisation;
  double clock_seconds = 0;
  Clocks clocks;
  std::map<int64_t, Clocks> bank_clocks;  // of banks that keep others: tRCD, tRCDW, tRP, tRAS, tRC
  Supply main;
  std::optional<Supply> second;
  std::optional<Interface> interface;

  // The clocks of one name; throws std::invalid_argument if there are none.
  int64_t clocks_of(const std::string& key) const;
  int64_t clocks_or(const std::string& key, int64_t otherwise) const;
  // As `clocks_of`, of one bank.
  int64_t clocks_of(const std::string& key, int64_t bank) const;
};

// Whether a clock of this name may stand in a description whatever its standard's table asks for.
bool is_clock(const std::string& name);

// At most so many banks a channel: the controller keeps them in the bits of a word.
constexpr int64_t kMostBanks = 64;

// Reads and checks a description. Throws std::invalid_argument, one line, also for clocks that
// contradict each other.
Memory parse_memory(const std::string& json_text);

// The same memory with another tRCD: tRCDW falls by as much, to at least 1; tRAS and tRC stay.
Memory with_trcd(Memory memory, int64_t trcd);

}  // namespace eden
