#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

namespace eden {

// One object of a JSON description, read field by field. Every failure is a std::invalid_argument
// of one line that names the field by its path, the value got and what is accepted.
class JsonFields {
 public:
  // `where` is the path of the object, empty for the document itself.
  JsonFields(const nlohmann::json& value, std::string where);

  bool has(const char* key) const;
  // Both limits are accepted values.
  double number(const char* key, double low, double high) const;
  int64_t integer(const char* key, int64_t low, int64_t high) const;
  bool boolean(const char* key) const;
  std::string text(const char* key) const;
  std::string one_of(const char* key, std::initializer_list<const char*> accepted) const;
  JsonFields object(const char* key) const;
  const nlohmann::json& array(const char* key) const;
  // Refuses fields outside this list: a misspelt optional field must not pass unseen.
  void only(std::initializer_list<const char*> known) const;
  // Refuses a field's value for a reason that more than one field decides.
  [[noreturn]] void refuse(const char* key, const std::string& accepted) const;
  const nlohmann::json& value() const { return value_; }

 private:
  const nlohmann::json& at(const char* key, const std::string& accepted) const;
  std::string path(const char* key) const;

  const nlohmann::json& value_;
  std::string where_;
};

}  // namespace eden
