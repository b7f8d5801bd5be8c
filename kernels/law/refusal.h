#pragma once

#include <sstream>
#include <string>

// How the kernels word what they refuse, for the host.

namespace eden {

template <class... Parts>
std::string joined(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

// The one form of a refusal, which eden/_say.py gives those of Python: "<name> is <value>,
// accepted: <accepted>".
template <class Name, class Value, class... Accepted>
std::string refusal(const Name& name, const Value& value, const Accepted&... accepted) {
  return joined(name, " is ", value, ", accepted: ", accepted...);
}

}  // namespace eden
