#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "csrc/core/timing/command.h"

namespace eden {

// Where a constraint holds: between commands to one bank, one bank group, one rank, the other ranks
// of the channel, or anywhere in the channel.
enum class Scope : uint8_t { kBank, kGroup, kRank, kOthers, kChannel };

const char* name_of(Scope scope);

// A sum of clocks: integers, names, and max(a, b), joined by + and -. A name that ends in ? stands
// for 0 where a memory does not give it.
class Formula {
 public:
  // Throws std::invalid_argument for text that is none.
  explicit Formula(std::string_view text);

  // `clocks` gives those of a name, 0 for an optional one that it has not.
  using ClocksByName = std::function<int64_t(const std::string& name, bool optional)>;
  int64_t value(const ClocksByName& clocks) const;
  const std::string& text() const { return text_; }

 private:
  struct Term {
    int64_t sign = 1;
    int64_t number = 0;
    std::string name;  // empty: the number, or a maximum
    bool optional = false;
    std::vector<Formula> max;  // of these, if there are any
  };

  std::string text_;
  std::vector<Term> terms_;
};

// After `previous`, `next` waits so many clocks. With a window of n, after the n-th last of them.
struct Constraint {
  std::vector<Command> previous;
  std::vector<Command> next;
  Scope scope = Scope::kBank;
  Formula clocks;
  int64_t window = 1;
  int64_t line = 0;  // of the table
};

struct Standard {
  std::string name;
  int64_t transfers = 2;  // of a pin in a clock
  std::vector<Constraint> constraints;
};

// Reads a table: a line "standard NAME", a line "transfers N" unless a pin makes two a clock, then
// a constraint a line: commands, commands, scope, clocks, and a window where there is one; # begins
// a comment. `file` stands in refusals. Throws std::invalid_argument, one line with file and line
// number.
Standard parse_standard(const std::string& text, const std::string& file);

}  // namespace eden
