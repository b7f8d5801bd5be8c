#include "csrc/core/timing/command.h"

namespace eden {
namespace {

constexpr const char* kNames[kCommands] = {"ACT", "PRE",  "PREA", "RD",  "RDA", "WR",  "WRA",
                                           "REF", "REFB", "PDE",  "PDS", "PDX", "SRE", "SRX"};

}  // namespace

const char* name_of(Command command) { return kNames[static_cast<int>(command)]; }

std::optional<Command> command_of(std::string_view name) {
  for (int i = 0; i < kCommands; ++i) {
    if (name == kNames[i]) return static_cast<Command>(i);
  }
  return std::nullopt;
}

const char* command_names() {
  return "ACT, PRE, PREA, RD, RDA, WR, WRA, REF, REFB, PDE, PDS, PDX, SRE, SRX";
}

}  // namespace eden
