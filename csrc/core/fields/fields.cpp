#include "csrc/core/fields/fields.h"

#include <cstdio>
#include <stdexcept>

namespace eden {
namespace {

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

[[noreturn]] void fail(std::string_view where, const char* key, const std::string& value,
                       const std::string& accepted) {
  throw std::invalid_argument(std::string(where) + key + " = " + value + "; accepted: " + accepted);
}

}  // namespace

std::string accepted_numbers(double low, double high) {
  return "a number from " + show(low) + " to " + show(high);
}

std::string accepted_integers(int64_t low, int64_t high) {
  return "an integer from " + std::to_string(low) + " to " + std::to_string(high);
}

void refuse(std::string_view where, const char* key, double value, const std::string& accepted) {
  fail(where, key, show(value), accepted);
}

void refuse(std::string_view where, const char* key, int64_t value, const std::string& accepted) {
  fail(where, key, std::to_string(value), accepted);
}

}  // namespace eden
