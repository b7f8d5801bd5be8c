#include "csrc/core/trace/lines.h"

#include <stdexcept>

#include "csrc/core/fields/fields.h"

namespace eden {

void Lines::refuse(const std::string& why) const {
  throw std::invalid_argument(file_ + ":" + std::to_string(number_) + ": " + why);
}

void Lines::refuse(std::string_view name, std::string_view value, std::string_view accepted) const {
  refuse(refusal(name, value, accepted));
}

void Lines::finish() const {
  if (rest_.empty()) return;
  eden::refuse(file_ + ":" + std::to_string(number_ + 1) + ": ", shown_text(rest_),
               "without a line break", "a file that was not cut short");
}

void Lines::check_length(std::size_t length) const {
  if (length <= kLongest) return;
  refuse("the line", std::to_string(length) + " bytes long or more",
         "at most " + std::to_string(kLongest));
}

void Lines::refuse_break() const { refuse("end of the line", "CR LF", "LF"); }

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

Words::Words(std::string_view line, bool commas) {
  if (commas) {
    split<true>(line);
  } else {
    split<false>(line);
  }
}

template <bool commas>
void Words::split(std::string_view line) {
  const char* at = line.data();
  const char* const end = at + line.size();
  while (count_ < kMost) {
    while (at != end && is_blank(*at)) ++at;
    if (at == end) return;
    const char* const begin = at;
    while (at != end && (commas ? *at != ',' : !is_blank(*at))) ++at;
    const char* last = at;
    while (commas && last != begin && is_blank(last[-1])) --last;
    add(begin, last);
    if (at == end) return;
    ++at;
    // A comma at the very end leaves an empty last word.
    if (commas && at == end && count_ < kMost) add(at, at);
  }
}

bool read_integer(std::string_view text, int64_t low, int64_t high, int64_t* value) {
  const bool minus = !text.empty() && text[0] == '-';
  if (minus) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return false;
  int64_t n = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    n = n * 10 + (c - '0');
  }
  *value = minus ? -n : n;
  return *value >= low && *value <= high;
}

bool read_hex(std::string_view text, uint64_t* value) {
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
    text.remove_prefix(2);
  if (text.empty() || text.size() > 16) return false;
  uint64_t n = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return false;
    n = n << 4 | static_cast<uint64_t>(digit);
  }
  *value = n;
  return true;
}

}  // namespace eden
