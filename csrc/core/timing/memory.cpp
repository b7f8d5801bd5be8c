#include "csrc/core/timing/memory.h"

#include <algorithm>
#include <set>

#include "csrc/core/devices/json_fields.h"
#include "csrc/core/devices/json_text.h"
#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

constexpr const char* kAbout = "memory description: ";
constexpr int64_t kMostClocks = 1 << 24;
// What every standard's table needs.
constexpr const char* kNeeded[] = {
    "BL",   "CL",     "CWL",    "tRCD",   "tRCDW",  "tRP", "tRAS", "tRC",  "tRRD_S", "tRRD_L",
    "tFAW", "tCCD_S", "tCCD_L", "tWTR_S", "tWTR_L", "tWR", "tRTP", "tRFC", "tREFI",  "rd_to_wr"};
// What a memory may leave out: power-down, self-refresh, refresh of one bank, the turn of a bus.
constexpr const char* kOptional[] = {"tXP",    "tXPDLL", "tCKE",   "tXS",
                                     "tXSDLL", "tCKESR", "tRFCpb", "tRTRS"};
constexpr const char* kOfBanks[] = {"tRCD", "tRCDW", "tRP", "tRAS", "tRC"};

// The refresh interval that each standard rates its cells for, up to 85 degrees Celsius: JESD79-3F,
// JESD79-4, JESD209-3C, JESD209-4, JESD212, JESD235. What a longer one loses, a memory cannot say.
struct Interval {
  const char* standard;
  double seconds;
};
constexpr Interval kRefresh[] = {{"DDR3", 7.8e-6},     {"DDR4", 7.8e-6},  {"LPDDR3", 3.9e-6},
                                 {"LPDDR4", 3.904e-6}, {"GDDR5", 1.9e-6}, {"HBM", 3.9e-6}};

bool is_power_of_two(int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

int64_t power(const JsonFields& f, const char* key, int64_t low, int64_t high) {
  const int64_t n = f.integer(key, low, high);
  if (!is_power_of_two(n)) f.refuse(key, "a power of two");
  return n;
}

Organisation read_organisation(const JsonFields& document) {
  const JsonFields f = document.object("geometry");
  f.only({"chips", "chip_width", "bank_groups", "banks_per_group", "rows", "row_bytes",
          "request_bytes"});
  Organisation o;
  o.channels = document.has("channels") ? power(document, "channels", 1, 64) : 1;
  o.ranks = document.has("ranks") ? power(document, "ranks", 1, 16) : 1;
  o.chips = f.integer("chips", 1, 64);
  o.chip_width = power(f, "chip_width", 1, 1024);
  o.bank_groups = power(f, "bank_groups", 1, kMostBanks);
  o.banks_per_group = power(f, "banks_per_group", 1, kMostBanks);
  o.rows = power(f, "rows", 1, 1 << 24);
  o.row_bytes = power(f, "row_bytes", 1, 1 << 20);
  o.request_bytes = power(f, "request_bytes", 1, o.row_bytes);
  if (o.banks() > kMostBanks) {
    f.refuse("banks_per_group", "at most " + std::to_string(kMostBanks) + " banks in a channel");
  }
  return o;
}

Clocks read_clocks(const JsonFields& f) {
  Clocks clocks;
  for (const auto& item : f.value().items()) {
    clocks[item.key()] = f.integer(item.key().c_str(), 0, kMostClocks);
  }
  return clocks;
}

Supply read_supply(const JsonFields& f, const std::string& name, double volts) {
  // A misspelt current must not pass unseen; other fields are notes.
  const std::set<std::string> known = {"IDD0",   "IDD2N",  "IDD3N", "IDD4R",  "IDD4W",
                                       "IDD5",   "IDD2P",  "IDD3P", "IDD2P0", "IDD2P1",
                                       "IDD3P0", "IDD3P1", "IDD6"};
  for (const auto& item : f.value().items()) {
    const std::string& key = item.key();
    const bool current = key.rfind("IDD", 0) == 0 || key.rfind("idd", 0) == 0;
    if (current && known.count(key) == 0) {
      f.refuse(key.c_str(),
               "the currents IDD0, IDD2N, IDD2P, IDD2P0, IDD2P1, IDD3N, IDD3P, IDD3P0, "
               "IDD3P1, IDD4R, IDD4W, IDD5, IDD6");
    }
  }
  const auto amperes = [&](const char* key) { return f.number(key, 0, 1e5) * 1e-3; };
  const auto optional = [&](const char* key, const char* other) {
    return f.has(key) ? amperes(key) : f.has(other) ? amperes(other) : -1;
  };
  Supply s{name,
           volts,
           amperes("IDD0"),
           amperes("IDD2N"),
           amperes("IDD3N"),
           amperes("IDD4R"),
           amperes("IDD4W"),
           amperes("IDD5")};
  s.idd2p_fast = optional("IDD2P1", "IDD2P");
  s.idd2p_slow = optional("IDD2P0", "IDD2P");
  s.idd3p_fast = optional("IDD3P1", "IDD3P");
  s.idd3p_slow = optional("IDD3P0", "IDD3P");
  s.idd6 = optional("IDD6", "IDD6");
  // What a command adds to the standby under it is no gain.
  const auto at_least = [&](const char* key, double value, const char* standby, double low) {
    if (value < low) f.refuse(key, std::string("at least ") + standby);
  };
  at_least("IDD0", s.idd0, "IDD2N", s.idd2n);
  at_least("IDD0", s.idd0, "IDD3N", s.idd3n);
  at_least("IDD4R", s.idd4r, "IDD3N", s.idd3n);
  at_least("IDD4W", s.idd4w, "IDD3N", s.idd3n);
  at_least("IDD5", s.idd5, "IDD3N", s.idd3n);
  return s;
}

Interface read_interface(const JsonFields& f) {
  f.only({"read_watts_per_pin", "write_watts_per_pin", "read_pins", "write_pins"});
  return {f.number("read_watts_per_pin", 0, 10), f.number("write_watts_per_pin", 0, 10),
          f.integer("read_pins", 0, 4096), f.integer("write_pins", 0, 4096)};
}

// Numbers that no module can keep at once, in words of what they are about.
void check_clocks(const Memory& m, int64_t bank, const std::string& where) {
  const auto at_least = [&](const char* name, int64_t value, const std::string& what, int64_t low) {
    if (value >= low) return;
    refuse(kAbout, where + name, value, "at least " + what + " = " + std::to_string(low));
  };
  const auto of = [&](const char* key) { return m.clocks_of(key, bank); };
  for (const char* key : {"BL", "tRCD", "tRCDW", "tRP", "tRAS", "tREFI", "tRFC", "CL", "CWL"}) {
    at_least(key, of(key), "one clock", 1);
  }
  at_least("tRC", of("tRC"), "tRAS + tRP", of("tRAS") + of("tRP"));
  at_least("tFAW", of("tFAW"), "tRRD_S", of("tRRD_S"));
  at_least("tRRD_L", of("tRRD_L"), "tRRD_S", of("tRRD_S"));
  at_least("tCCD_L", of("tCCD_L"), "tCCD_S", of("tCCD_S"));
  // As of a device: beyond half of the interval one of the two numbers is wrong.
  at_least("tREFI", of("tREFI"), "2 tRFC", 2 * of("tRFC"));
  const int64_t banks = m.organisation.banks_per_rank();
  at_least("tREFI", of("tREFI"), "tRFCpb of " + std::to_string(banks) + " banks",
           banks * m.clocks_or("tRFCpb", 0));
  for (const Interval& rated : kRefresh) {
    if (m.standard != rated.standard) continue;
    const auto most = static_cast<int64_t>(rated.seconds / m.clock_seconds * 1.001);
    if (of("tREFI") > most) {
      refuse(kAbout, where + "tREFI", of("tREFI"),
             "at most " + std::to_string(most) + ", which " + m.standard +
                 " is rated for; what fails after longer is a device's to say");
    }
  }
}

std::map<int64_t, Clocks> read_bank_clocks(const JsonFields& f, int64_t banks) {
  std::map<int64_t, Clocks> result;
  const std::string accepted = "banks from 0 to " + std::to_string(banks - 1);
  for (const auto& item : f.value().items()) {
    const std::string& key = item.key();
    const bool number =
        !key.empty() && key.size() < 4 && (key[0] != '0' || key.size() == 1) &&
        std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!number || std::stoll(key) >= banks) {
      refuse(kAbout, "bank_clocks." + shown_key(key), "unknown", accepted);
    }
    const JsonFields bank = f.object(key.c_str());
    bank.only({std::begin(kOfBanks), std::end(kOfBanks)});
    result[std::stoll(key)] = read_clocks(bank);
  }
  return result;
}

}  // namespace

bool is_clock(const std::string& name) {
  const auto among = [&name](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  return among(kNeeded) || among(kOptional);
}

int64_t Memory::clocks_of(const std::string& key) const {
  const auto found = clocks.find(key);
  if (found != clocks.end()) return found->second;
  refuse(name + ": ", "clocks." + key, "missing", "a number of clocks");
}

int64_t Memory::clocks_or(const std::string& key, int64_t otherwise) const {
  const auto found = clocks.find(key);
  return found == clocks.end() ? otherwise : found->second;
}

int64_t Memory::clocks_of(const std::string& key, int64_t bank) const {
  const auto own = bank_clocks.find(bank);
  if (own != bank_clocks.end()) {
    const auto found = own->second.find(key);
    if (found != own->second.end()) return found->second;
  }
  return clocks_of(key);
}

Memory parse_memory(const std::string& json_text) {
  const nlohmann::json document = parse_text(json_text, kAbout);
  const JsonFields f(document, kAbout);
  f.only({"name", "description", "standard", "geometry", "ranks", "channels", "tCK_ns", "clocks",
          "bank_clocks", "trcd_sweep", "currents_mA", "vdd", "second_supply", "interface",
          "sources"});
  Memory m;
  m.name = f.text("name");
  m.standard = f.text("standard");
  m.organisation = read_organisation(f);
  m.clock_seconds = f.number("tCK_ns", 1e-2, 1e3) * 1e-9;
  m.clocks = read_clocks(f.object("clocks"));
  for (const char* key : kNeeded) f.object("clocks").integer(key, 0, kMostClocks);
  if (f.has("bank_clocks")) {
    m.bank_clocks = read_bank_clocks(f.object("bank_clocks"), m.organisation.banks());
  }
  m.main = read_supply(f.object("currents_mA"), "vdd", f.number("vdd", 0.1, 5));
  if (f.has("second_supply")) {
    const JsonFields second = f.object("second_supply");
    m.second = read_supply(second, "second", second.number("vdd", 0.1, 5));
  }
  if (f.has("interface")) m.interface = read_interface(f.object("interface"));
  check_clocks(m, -1, "clocks.");
  for (const auto& [bank, clocks] : m.bank_clocks) {
    check_clocks(m, bank, "bank_clocks." + std::to_string(bank) + ".");
  }
  return m;
}

Memory with_trcd(Memory m, int64_t trcd) {
  const int64_t later = m.clocks_of("tRCDW") - m.clocks_of("tRCD");
  const int64_t most = kMostClocks - std::max<int64_t>(0, later);
  if (trcd < 1 || trcd > most) refuse("", "tRCD", trcd, accepted_integers(1, most));
  m.clocks["tRCDW"] = std::max<int64_t>(1, trcd + later);
  m.clocks["tRCD"] = trcd;
  return m;
}

}  // namespace eden
