#include "csrc/core/controller/policy.h"

#include "csrc/core/devices/json_fields.h"
#include "csrc/core/devices/json_text.h"
#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

constexpr const char* kAbout = "controller: ";
constexpr int64_t kMostEntries = 4096;
constexpr int64_t kMostIdle = int64_t{1} << 40;

Policy read(const JsonFields& f) {
  f.only({"page", "cap", "read_entries", "write_entries", "write_high", "write_low", "refresh",
          "power_down_clocks", "self_refresh_clocks"});
  Policy p;
  const auto integer = [&](const char* key, int64_t low, int64_t high, int64_t* value) {
    if (f.has(key)) *value = f.integer(key, low, high);
  };
  const auto share = [&](const char* key, double* value) {
    if (f.has(key)) *value = f.number(key, 0, 1);
  };
  if (f.has("page")) {
    const std::string page = f.one_of("page", {"open", "closed", "capped"});
    p.page = page == "open" ? Page::kOpen : page == "closed" ? Page::kClosed : Page::kCapped;
  }
  if (f.has("refresh")) {
    const std::string refresh = f.one_of("refresh", {"all-bank", "per-bank", "none"});
    p.refresh = refresh == "all-bank"   ? Refresh::kAllBank
                : refresh == "per-bank" ? Refresh::kPerBank
                                        : Refresh::kNone;
  }
  integer("cap", 1, INT32_MAX, &p.cap);
  integer("read_entries", 1, kMostEntries, &p.read_entries);
  integer("write_entries", 1, kMostEntries, &p.write_entries);
  integer("power_down_clocks", 0, kMostIdle, &p.power_down_clocks);
  integer("self_refresh_clocks", 0, kMostIdle, &p.self_refresh_clocks);
  share("write_high", &p.write_high);
  share("write_low", &p.write_low);
  return p;
}

}  // namespace

void check(const Policy& p) {
  if (p.write_low <= p.write_high) return;
  refuse(kAbout, "write_low", p.write_low, "at most write_high, " + shown_number(p.write_high));
}

Policy parse_policy(const std::string& json_text) {
  const nlohmann::json document = parse_text(json_text, kAbout);
  const Policy p = read(JsonFields(document, kAbout));
  check(p);
  return p;
}

}  // namespace eden
