#pragma once

#include <cstdint>
#include <string>

namespace eden {

enum class Page { kOpen, kClosed, kCapped };
enum class Refresh { kAllBank, kPerBank, kNone };

// What a controller may be told. Ready commands go before others, and older ones before younger.
struct Policy {
  Page page = Page::kOpen;
  int64_t cap = 16;  // accesses to an open row while another one waits; page kCapped
  int64_t read_entries = 32;
  int64_t write_entries = 32;
  double write_high = 0.8;  // of the entries: writes are drained above it, or with no read waiting
  double write_low = 0.2;   // and reads come back below it
  Refresh refresh = Refresh::kAllBank;
  int64_t power_down_clocks = 0;    // idle clocks before power-down; 0: never
  int64_t self_refresh_clocks = 0;  // idle clocks before self-refresh; 0: never
};

// From a JSON object with any of: page ("open", "closed", "capped"), cap, read_entries,
// write_entries, write_high, write_low, refresh ("all-bank", "per-bank", "none"),
// power_down_clocks, self_refresh_clocks. Throws std::invalid_argument, one line.
Policy parse_policy(const std::string& json_text);

// Throws std::invalid_argument for a policy that no controller can follow.
void check(const Policy& policy);

}  // namespace eden
