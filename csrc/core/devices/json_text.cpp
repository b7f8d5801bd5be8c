#include "csrc/core/devices/json_text.h"

#include <functional>
#include <set>
#include <vector>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 32;

std::string cut(std::string text) {
  if (text.size() <= 60) return text;
  std::size_t end = 57;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "...";
}

// Watches the parser as it meets the text, before anything is built that would recurse.
class Watch {
 public:
  explicit Watch(std::string_view about) : about_(about) {}

  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (depth >= kMaxDepth) {
          refuse(about_, "depth of the text", depth + 1, "at most " + std::to_string(kMaxDepth));
        }
        keys_.emplace_back();
        break;
      case json::parse_event_t::key:
        add(parsed.get_ref<const std::string&>());
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        keys_.pop_back();
        break;
      default:
        break;
    }
    return true;
  }

 private:
  void add(const std::string& key) {
    if (!keys_.back().insert(key).second) {
      refuse(about_, "field " + shown_key(key), "there twice in one object", "each field once");
    }
  }

  std::string_view about_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open, by depth
};

}  // namespace

json parse_text(const std::string& text, std::string_view about) {
  Watch watch(about);
  try {
    return json::parse(text, std::ref(watch));
  } catch (const json::parse_error& error) {
    refuse(about, "the text", "not valid JSON at byte " + std::to_string(error.byte),
           "a JSON object");
  } catch (const json::exception& error) {
    // "[json.exception.out_of_range.406] number overflow parsing '1e400'"
    const std::string what = error.what();
    const std::size_t quote = what.find('\'');
    refuse(about, "a number", cut(what.substr(quote == std::string::npos ? 0 : quote)),
           "numbers that a float64 holds");
  }
}

std::string shown(const json& value) { return cut(value.dump()); }

std::string shown_key(const std::string& key) {
  const std::string quoted = json(key).dump();
  return cut(quoted.substr(1, quoted.size() - 2));
}

}  // namespace eden
