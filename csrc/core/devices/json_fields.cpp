#include "csrc/core/devices/json_fields.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "csrc/core/devices/json_text.h"

namespace eden {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw std::invalid_argument("device description: " + message);
}

template <class List>
std::string joined(const List& words) {
  std::string list;
  for (const char* word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  return list;
}

}  // namespace

JsonFields::JsonFields(const nlohmann::json& value, std::string where)
    : value_(value), where_(std::move(where)) {
  if (!value_.is_object()) {
    fail((where_.empty() ? "the document" : where_) + " is " + shown(value_) +
         "; accepted: a JSON object");
  }
}

std::string JsonFields::prefix() const {
  return "device description: " + (where_.empty() ? "" : where_ + ".");
}

bool JsonFields::has(const char* key) const { return value_.contains(key); }

const nlohmann::json& JsonFields::at(const char* key, const std::string& accepted) const {
  const auto found = value_.find(key);
  if (found != value_.end()) return *found;
  fail("field " + (where_.empty() ? "" : where_ + ".") + key +
       " is missing; accepted: " + accepted);
}

void JsonFields::refuse(const char* key, const std::string& accepted) const {
  throw std::invalid_argument(prefix() + key + " = " + shown(value_.at(key)) +
                              "; accepted: " + accepted);
}

double JsonFields::number(const char* key, const std::string& accepted) const {
  const auto& value = at(key, accepted);
  if (!value.is_number()) refuse(key, accepted);
  return value.get<double>();
}

double JsonFields::number(const char* key, double low, double high) const {
  const double number = this->number(key, accepted_numbers(low, high));
  if (!(number >= low && number <= high)) refuse(key, accepted_numbers(low, high));
  return number;
}

int64_t JsonFields::integer(const char* key, const std::string& accepted) const {
  const auto& value = at(key, accepted);
  if (!value.is_number_integer()) refuse(key, accepted);
  // Above 2^63 the library keeps an unsigned number, which get<int64_t>() would wrap.
  if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX}) {
    refuse(key, accepted);
  }
  return value.get<int64_t>();
}

int64_t JsonFields::integer(const char* key, int64_t low, int64_t high) const {
  const int64_t number = integer(key, accepted_integers(low, high));
  if (number < low || number > high) refuse(key, accepted_integers(low, high));
  return number;
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
  const auto& value = at(key, joined(accepted));
  const bool known = value.is_string() && std::any_of(accepted.begin(), accepted.end(),
                                                      [&](const char* c) { return value == c; });
  if (!known) refuse(key, joined(accepted));
  return value.get<std::string>();
}

JsonFields JsonFields::object(const char* key) const {
  return JsonFields(at(key, "a JSON object"), where_.empty() ? key : where_ + "." + key);
}

const nlohmann::json& JsonFields::array(const char* key) const {
  const auto& value = at(key, "a JSON array");
  if (!value.is_array()) refuse(key, "a JSON array");
  return value;
}

void JsonFields::only(const std::vector<const char*>& known) const {
  for (const auto& [key, unused] : value_.items()) {
    if (std::none_of(known.begin(), known.end(), [&, &k = key](const char* c) { return k == c; })) {
      fail("unknown field " + (where_.empty() ? "" : where_ + ".") + shown_key(key) +
           "; accepted: " + joined(known));
    }
  }
}

}  // namespace eden
