#include "csrc/core/fields/fields.h"

#include <cstdio>

namespace eden {

std::string accepted_numbers(double low, double high) {
  return "a number from " + shown_number(low) + " to " + shown_number(high);
}

std::string accepted_integers(int64_t low, int64_t high) {
  return "an integer from " + std::to_string(low) + " to " + std::to_string(high);
}

std::string shown_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string shown_text(std::string_view text) {
  std::string shown(text.substr(0, 60));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return "'" + shown + (text.size() > 60 ? "...'" : "'");
}

std::string refusal(std::string_view name, std::string_view value, std::string_view accepted) {
  return std::string(name).append(" is ").append(value).append(", accepted: ").append(accepted);
}

}  // namespace eden
