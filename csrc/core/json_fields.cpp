#include "csrc/core/json_fields.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace eden {
namespace {

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// A value as written, cut where it would fill the line.
std::string show(const nlohmann::json& value) {
  const std::string text = value.dump();
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

[[noreturn]] void fail(const std::string& message) {
  throw std::invalid_argument("device description: " + message);
}

}  // namespace

JsonFields::JsonFields(const nlohmann::json& value, std::string where)
    : value_(value), where_(std::move(where)) {
  if (!value_.is_object()) {
    fail((where_.empty() ? "the document" : where_) + " is " + show(value_) +
         "; accepted: a JSON object");
  }
}

std::string JsonFields::path(const char* key) const {
  return where_.empty() ? key : where_ + "." + key;
}

bool JsonFields::has(const char* key) const { return value_.contains(key); }

const nlohmann::json& JsonFields::at(const char* key, const std::string& accepted) const {
  const auto found = value_.find(key);
  if (found == value_.end()) fail("field " + path(key) + " is missing; accepted: " + accepted);
  return *found;
}

void JsonFields::refuse(const char* key, const std::string& accepted) const {
  fail(path(key) + " = " + show(value_.at(key)) + "; accepted: " + accepted);
}

double JsonFields::number(const char* key, double low, double high) const {
  const std::string accepted = "a number from " + show(low) + " to " + show(high);
  const auto& value = at(key, accepted);
  if (!value.is_number()) refuse(key, accepted);
  const double number = value.get<double>();
  if (!(number >= low && number <= high)) refuse(key, accepted);
  return number;
}

int64_t JsonFields::integer(const char* key, int64_t low, int64_t high) const {
  const std::string accepted =
      "an integer from " + std::to_string(low) + " to " + std::to_string(high);
  const auto& value = at(key, accepted);
  if (!value.is_number_integer()) refuse(key, accepted);
  // Above 2^63 the library keeps an unsigned number, which get<int64_t>() would wrap.
  const bool huge = value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX};
  if (huge || value.get<int64_t>() < low || value.get<int64_t>() > high) refuse(key, accepted);
  return value.get<int64_t>();
}

bool JsonFields::boolean(const char* key) const {
  const auto& value = at(key, "true or false");
  if (!value.is_boolean()) refuse(key, "true or false");
  return value.get<bool>();
}

std::string JsonFields::text(const char* key) const {
  const auto& value = at(key, "a text that is not empty");
  if (!value.is_string() || value.get<std::string>().empty()) {
    refuse(key, "a text that is not empty");
  }
  return value.get<std::string>();
}

std::string JsonFields::one_of(const char* key, std::initializer_list<const char*> accepted) const {
  std::string list;
  for (const char* choice : accepted) list += (list.empty() ? "" : ", ") + std::string(choice);
  const auto& value = at(key, list);
  const bool known = value.is_string() && std::any_of(accepted.begin(), accepted.end(),
                                                      [&](const char* c) { return value == c; });
  if (!known) refuse(key, list);
  return value.get<std::string>();
}

JsonFields JsonFields::object(const char* key) const {
  return JsonFields(at(key, "a JSON object"), path(key));
}

const nlohmann::json& JsonFields::array(const char* key) const {
  const auto& value = at(key, "a JSON array");
  if (!value.is_array()) refuse(key, "a JSON array");
  return value;
}

void JsonFields::only(std::initializer_list<const char*> known) const {
  for (const auto& [key, unused] : value_.items()) {
    if (std::none_of(known.begin(), known.end(), [&](const char* k) { return key == k; })) {
      std::string list;
      for (const char* k : known) list += (list.empty() ? "" : ", ") + std::string(k);
      fail("unknown field " + path(key.c_str()) + "; accepted: " + list);
    }
  }
}

}  // namespace eden
