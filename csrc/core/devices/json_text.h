#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace eden {

// JSON text as a document. Throws std::invalid_argument, one line, for text that is no JSON, nests
// deeper than a description has reason to (the library's own functions recurse), repeats a key (the
// last would win unseen), or holds a number beyond any float64. `about` begins it: what is read, as
// "device description: ".
nlohmann::json parse_text(const std::string& text, std::string_view about);

// A value as written, cut where it would fill the line.
std::string shown(const nlohmann::json& value);

// A key as written, without its quotes: a line break in it stays an escape.
std::string shown_key(const std::string& key);

}  // namespace eden
