#pragma once

#include <string_view>

#include "csrc/core/fields/fields.h"

namespace eden {

// Refuses a value unless the condition holds.
template <class Value>
void require(bool condition, std::string_view name, const Value& value, std::string_view accepted) {
  if (!condition) refuse("mapping: ", name, value, accepted);
}

}  // namespace eden
