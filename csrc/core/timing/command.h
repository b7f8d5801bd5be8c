#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace eden {

// What a controller tells a rank. REF refreshes all banks of a rank, REFB one; PDE and PDS enter
// power-down with fast and slow exit, PDX leaves it; SRE and SRX frame self-refresh.
enum class Command : uint8_t {
  kAct,
  kPre,
  kPrea,
  kRd,
  kRda,
  kWr,
  kWra,
  kRef,
  kRefb,
  kPde,
  kPds,
  kPdx,
  kSre,
  kSrx,
};
constexpr int kCommands = 14;

const char* name_of(Command command);
std::optional<Command> command_of(std::string_view name);
// All of them, as a refusal lists them.
const char* command_names();

constexpr bool is_read(Command c) { return c == Command::kRd || c == Command::kRda; }
constexpr bool is_write(Command c) { return c == Command::kWr || c == Command::kWra; }
constexpr bool is_column(Command c) { return is_read(c) || is_write(c); }
constexpr bool is_automatic(Command c) { return c == Command::kRda || c == Command::kWra; }
// Sent to one bank; the others concern a whole rank.
constexpr bool is_of_bank(Command c) {
  return c == Command::kAct || c == Command::kPre || is_column(c) || c == Command::kRefb;
}
constexpr bool is_power_down(Command c) { return c == Command::kPde || c == Command::kPds; }

// What a rank is in between its commands.
enum class PowerState : uint8_t { kUp, kDown, kSelfRefresh };

// One command of a trace. Banks are counted over the ranks, bank groups and banks of a channel:
// (rank * groups + group) * banks_per_group + bank. Commands of a rank carry its first bank.
struct Issued {
  int64_t clock = 0;
  Command command = Command::kAct;
  int32_t bank = 0;
  int64_t row = -1;  // -1: not said
};

}  // namespace eden
