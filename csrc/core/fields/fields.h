#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace eden {

// One number or switch of a struct, by the name that users read. Both limits are accepted values;
// a switch has none, and is false where it is left out.
template <class T>
struct Field {
  const char* key;
  std::variant<double T::*, int64_t T::*, bool T::*> member;
  double low = 0;
  double high = 0;
};

// The fields of a struct, as `static constexpr Field<T> list[]` in a specialisation beside it. JSON
// is read and written by this table, and values are checked, copied, and shown in Python by it.
template <class T>
struct FieldsOf;

// "a number from 0.1 to 5", "an integer from 1 to 64", "true or false"
std::string accepted_numbers(double low, double high);
std::string accepted_integers(int64_t low, int64_t high);

template <class T>
std::string accepted(const Field<T>& f) {
  if (std::holds_alternative<bool T::*>(f.member)) return "true or false";
  if (std::holds_alternative<double T::*>(f.member)) return accepted_numbers(f.low, f.high);
  return accepted_integers(static_cast<int64_t>(f.low), static_cast<int64_t>(f.high));
}

// A number with six digits; a text within quotes, in one line that it does not fill.
std::string shown_number(double value);
std::string shown_text(std::string_view text);

// The one form of a refusal, which eden/_say.py gives those of Python: "<name> is <value>,
// accepted: <accepted>". A text stands as it is: one that a user wrote goes through `shown_text`.
std::string refusal(std::string_view name, std::string_view value, std::string_view accepted);

template <class Number, std::enable_if_t<std::is_arithmetic_v<Number>, int> = 0>
std::string refusal(std::string_view name, Number value, std::string_view accepted) {
  if constexpr (std::is_floating_point_v<Number>) {
    return refusal(name, std::string_view(shown_number(value)), accepted);
  } else {
    return refusal(name, std::string_view(std::to_string(value)), accepted);
  }
}

// Throws it as std::invalid_argument. `where` ends in what stands before the name: "Timing: ", or
// "device description: timing.".
template <class Value>
[[noreturn]] void refuse(std::string_view where, std::string_view name, const Value& value,
                         std::string_view accepted) {
  throw std::invalid_argument(std::string(where) + refusal(name, value, accepted));
}

inline void check_number(std::string_view where, std::string_view key, double value, double low,
                         double high) {
  if (!(value >= low && value <= high)) refuse(where, key, value, accepted_numbers(low, high));
}

// Throws std::invalid_argument for the first field outside its limits.
template <class T>
void check_fields(const T& value, std::string_view where) {
  for (const Field<T>& f : FieldsOf<T>::list) {
    if (const auto* number = std::get_if<double T::*>(&f.member)) {
      check_number(where, f.key, value.**number, f.low, f.high);
    } else if (const auto* integer = std::get_if<int64_t T::*>(&f.member)) {
      const int64_t n = value.**integer;
      if (n < static_cast<int64_t>(f.low) || n > static_cast<int64_t>(f.high)) {
        refuse(where, f.key, n, accepted(f));
      }
    }
  }
}

}  // namespace eden
