#pragma once

#include <string_view>

#include "csrc/core/fields/fields.h"

namespace eden {

// Commands of a stretch of time and its cycles, as one chip sees them. Doubles: a short stretch
// holds a fraction of a refresh on average.
struct CommandCounts {
  double activates = 0;
  double precharges = 0;
  double reads = 0;
  double writes = 0;
  double refreshes = 0;
  double active_cycles = 0;      // at least one bank open
  double precharged_cycles = 0;  // all banks closed
};

template <>
struct FieldsOf<CommandCounts> {
  // No stretch is as long; it keeps the joules finite.
  static constexpr double kMost = 1e30;
  static constexpr Field<CommandCounts> list[] = {
      {"activates", &CommandCounts::activates, 0, kMost},
      {"precharges", &CommandCounts::precharges, 0, kMost},
      {"reads", &CommandCounts::reads, 0, kMost},
      {"writes", &CommandCounts::writes, 0, kMost},
      {"refreshes", &CommandCounts::refreshes, 0, kMost},
      {"active_cycles", &CommandCounts::active_cycles, 0, kMost},
      {"precharged_cycles", &CommandCounts::precharged_cycles, 0, kMost},
  };
};

// Throws std::invalid_argument for a count that is negative or no number.
inline void check(const CommandCounts& counts, std::string_view where = "CommandCounts: ") {
  check_fields(counts, where);
}

}  // namespace eden
