#include "csrc/core/timing/standard.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

constexpr Scope kScopes[] = {Scope::kBank, Scope::kGroup, Scope::kRank, Scope::kOthers,
                             Scope::kChannel};
constexpr int64_t kMostWindow = 1024;
constexpr int64_t kMostTransfers = 64;
constexpr int64_t kMostNumber = 1 << 24;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[noreturn]] void refuse_formula(std::string_view text) {
  refuse("", "clocks", shown_text(text), "names, integers and max(a,b), joined by + and -");
}

// The end of the bracket that opens before `at`, and the comma at its level.
std::pair<std::size_t, std::size_t> bracket(std::string_view text, std::size_t at) {
  std::size_t comma = std::string_view::npos;
  for (int depth = 1; at < text.size(); ++at) {
    if (text[at] == '(') ++depth;
    if (text[at] == ',' && depth == 1) comma = at;
    if (text[at] == ')' && --depth == 0) break;
  }
  return {comma, at};
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line.substr(0, line.find('#')));
  std::vector<std::string> found;
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

std::vector<Command> commands(const std::string& text) {
  std::vector<Command> found;
  std::istringstream in(text);
  for (std::string name; std::getline(in, name, ',');) {
    const auto command = command_of(name);
    if (!command) refuse("", "command", shown_text(name), command_names());
    found.push_back(*command);
  }
  return found;
}

Scope scope_of(const std::string& name) {
  for (const Scope scope : kScopes) {
    if (name == name_of(scope)) return scope;
  }
  refuse("", "level", shown_text(name), "bank, group, rank, others, channel");
}

int64_t integer(const char* name, const std::string& text, int64_t most) {
  const bool digits = text.size() <= 4 && std::all_of(text.begin(), text.end(), is_digit);
  const int64_t n = digits ? std::stoll(text) : 0;
  if (n >= 1 && n <= most) return n;
  refuse("", name, shown_text(text), accepted_integers(1, most));
}

Constraint constraint(const std::vector<std::string>& w, int64_t line) {
  if (w.size() != 4 && w.size() != 5) {
    refuse("", "number of columns", w.size(),
           "previous commands, next commands, level, clocks, and a window");
  }
  Constraint c{commands(w[0]), commands(w[1]), scope_of(w[2]), Formula(w[3]), 1, line};
  if (w.size() == 5) c.window = integer("window", w[4], kMostWindow);
  if (c.window > 1 && c.scope != Scope::kRank) {
    refuse("", "level of a window", shown_text(w[2]), "rank");
  }
  return c;
}

}  // namespace

const char* name_of(Scope scope) {
  constexpr const char* kNames[] = {"bank", "group", "rank", "others", "channel"};
  return kNames[static_cast<int>(scope)];
}

Formula::Formula(std::string_view text) : text_(text) {
  // Deeper nesting than a table has reason to would recurse.
  if (text.empty() || text.size() > 200) refuse_formula(text.substr(0, 60));
  for (std::size_t at = 0; at < text.size();) {
    Term term;
    if (text[at] == '+' || text[at] == '-') {
      if (at == 0) refuse_formula(text);
      term.sign = text[at++] == '+' ? 1 : -1;
    } else if (at > 0) {
      refuse_formula(text);
    }
    if (text.substr(at, 4) == "max(") {
      const auto [comma, end] = bracket(text, at + 4);
      if (comma == std::string_view::npos || end >= text.size()) refuse_formula(text);
      term.max.emplace_back(text.substr(at + 4, comma - at - 4));
      term.max.emplace_back(text.substr(comma + 1, end - comma - 1));
      at = end + 1;
    } else {
      const std::size_t begin = at;
      while (at < text.size() && (is_letter(text[at]) || is_digit(text[at]))) ++at;
      const std::string word(text.substr(begin, at - begin));
      if (word.empty()) refuse_formula(text);
      if (is_digit(word[0])) {
        if (word.size() > 8 || !std::all_of(word.begin(), word.end(), is_digit)) {
          refuse_formula(text);
        }
        term.number = std::stoll(word);
        if (term.number > kMostNumber) refuse_formula(text);
      } else {
        term.name = word;
        term.optional = at < text.size() && text[at] == '?';
        at += term.optional;
      }
    }
    terms_.push_back(std::move(term));
  }
}

int64_t Formula::value(const ClocksByName& clocks) const {
  int64_t sum = 0;
  for (const Term& t : terms_) {
    const int64_t value = !t.max.empty() ? std::max(t.max[0].value(clocks), t.max[1].value(clocks))
                          : t.name.empty() ? t.number
                                           : clocks(t.name, t.optional);
    sum += t.sign * value;
  }
  return sum;
}

Standard parse_standard(const std::string& text, const std::string& file) {
  Standard standard;
  std::istringstream in(text);
  int64_t number = 0;
  bool told = false;  // of its transfers
  for (std::string line; std::getline(in, line);) {
    ++number;
    try {
      const std::vector<std::string> w = words(line);
      if (w.empty()) continue;
      if (standard.name.empty()) {
        if (w.size() != 2 || w[0] != "standard") {
          refuse("", "the first line", "no name", "standard NAME");
        }
        standard.name = w[1];
        continue;
      }
      if (w[0] == "transfers" && w.size() == 2 && !told) {
        standard.transfers = integer("transfers", w[1], kMostTransfers);
        told = true;
        continue;
      }
      standard.constraints.push_back(constraint(w, number));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(file + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  if (standard.constraints.empty()) {
    refuse(file + ":" + std::to_string(number) + ": ", "number of constraints", 0, "at least 1");
  }
  return standard;
}

}  // namespace eden
