#include "csrc/core/devices/json_fields.h"

#include <algorithm>

#include "csrc/core/devices/json_text.h"

namespace eden {
namespace {

std::string joined(const std::vector<const char*>& words) {
  std::string list;
  for (const char* word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  return list;
}

}  // namespace

JsonFields::JsonFields(const nlohmann::json& value, std::string_view about,
                       const std::string& where)
    : value_(value), about_(about), path_(where.empty() ? "" : where + ".") {
  if (value_.is_object()) return;
  eden::refuse(about_, where.empty() ? "the document" : where, shown(value_), "a JSON object");
}

bool JsonFields::has(const char* key) const { return value_.contains(key); }

const nlohmann::json& JsonFields::at(const char* key, const std::string& accepted) const {
  const auto found = value_.find(key);
  if (found != value_.end()) return *found;
  eden::refuse(about_, "field " + path_ + key, "missing", accepted);
}

void JsonFields::refuse(const char* key, const std::string& accepted) const {
  eden::refuse(about_, path_ + key, shown(value_.at(key)), accepted);
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

std::string JsonFields::one_of(const char* key, const std::vector<const char*>& accepted) const {
  const auto& value = at(key, joined(accepted));
  if (std::find(accepted.begin(), accepted.end(), value) == accepted.end()) {
    refuse(key, joined(accepted));
  }
  return value.get<std::string>();
}

JsonFields JsonFields::object(const char* key) const {
  return JsonFields(at(key, "a JSON object"), about_, path_ + key);
}

const nlohmann::json& JsonFields::array(const char* key) const {
  const auto& value = at(key, "a JSON array");
  if (!value.is_array()) refuse(key, "a JSON array");
  return value;
}

void JsonFields::only(const std::vector<const char*>& known) const {
  for (const auto& item : value_.items()) {
    const std::string& key = item.key();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    eden::refuse(about_, "field " + path_ + shown_key(key), "unknown", joined(known));
  }
}

}  // namespace eden
