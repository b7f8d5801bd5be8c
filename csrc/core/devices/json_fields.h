#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "csrc/core/fields/fields.h"

namespace eden {

// One object of a JSON description, read field by field. Every failure is a std::invalid_argument
// of one line that names the field by its path, the value got and what is accepted.
class JsonFields {
 public:
  // `about` begins a refusal, as "device description: "; `where` is the path of the object, empty
  // for the document itself.
  JsonFields(const nlohmann::json& value, std::string_view about, const std::string& where = "");

  bool has(const char* key) const;
  double number(const char* key, const std::string& accepted) const;
  // Both limits are accepted values.
  double number(const char* key, double low, double high) const;
  int64_t integer(const char* key, const std::string& accepted) const;
  int64_t integer(const char* key, int64_t low, int64_t high) const;
  bool boolean(const char* key) const;
  std::string text(const char* key) const;
  std::string one_of(const char* key, const std::vector<const char*>& accepted) const;
  JsonFields object(const char* key) const;
  const nlohmann::json& array(const char* key) const;
  // Refuses fields outside this list: a misspelt optional field must not pass unseen.
  void only(const std::vector<const char*>& known) const;
  // Refuses a field's value for a reason that more than one field decides.
  [[noreturn]] void refuse(const char* key, const std::string& accepted) const;
  const nlohmann::json& value() const { return value_; }
  // What stands before a field of this object in a refusal.
  std::string prefix() const { return about_ + path_; }

 private:
  const nlohmann::json& at(const char* key, const std::string& accepted) const;

  const nlohmann::json& value_;
  std::string about_;
  std::string path_;  // what stands before a key: empty, or ends in a dot
};

// Reads the fields of a table by their type. Their limits are those of `check`.
template <class T>
void read_fields(const JsonFields& f, T& value) {
  for (const Field<T>& field : FieldsOf<T>::list) {
    if (const auto* number = std::get_if<double T::*>(&field.member)) {
      value.** number = f.number(field.key, accepted(field));
    } else if (const auto* integer = std::get_if<int64_t T::*>(&field.member)) {
      value.** integer = f.integer(field.key, accepted(field));
    } else if (f.has(field.key)) {
      value.*std::get<bool T::*>(field.member) = f.boolean(field.key);
    }
  }
}

// The keys of a table, and others beside them.
template <class T>
std::vector<const char*> keys_of(std::initializer_list<const char*> others = {}) {
  std::vector<const char*> keys;
  for (const Field<T>& field : FieldsOf<T>::list) keys.push_back(field.key);
  keys.insert(keys.end(), others);
  return keys;
}

}  // namespace eden
