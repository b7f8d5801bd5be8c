#include "csrc/core/trace/commands.h"

#include <charconv>
#include <optional>
#include <stdexcept>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

constexpr const char* kForms[] = {"a command in one of the formats native, drampower4, drampower5",
                                  "clock NAME bank row", "cycle,CMD,bank",
                                  "timestamp,CMD,rank,group,bank,row,column"};

// Names of DRAMPower 4 and 5 that are not ours, and whether banks are open then.
struct Alias {
  const char* name;
  Command command;
  int open;  // 1: yes, 0: no, -1: does not matter
};
constexpr Alias kFour[] = {{"PDN_F_ACT", Command::kPde, 1}, {"PDN_F_PRE", Command::kPde, 0},
                           {"PDN_S_ACT", Command::kPds, 1}, {"PDN_S_PRE", Command::kPds, 0},
                           {"PUP_ACT", Command::kPdx, 1},   {"PUP_PRE", Command::kPdx, 0},
                           {"SREN", Command::kSre, -1},     {"SREX", Command::kSrx, -1}};
constexpr Alias kFive[] = {{"PDEA", Command::kPde, 1},    {"PDEP", Command::kPde, 0},
                           {"PDXA", Command::kPdx, 1},    {"PDXP", Command::kPdx, 0},
                           {"SREFEN", Command::kSre, -1}, {"SREFEX", Command::kSrx, -1},
                           {"REFA", Command::kRef, -1}};

template <std::size_t n>
std::optional<Command> known(std::string_view name, const Alias (&aliases)[n]) {
  for (const Alias& a : aliases) {
    if (name == a.name) return a.command;
  }
  return command_of(name);
}

template <std::size_t n>
const char* named(Command command, bool open, const Alias (&aliases)[n]) {
  for (const Alias& a : aliases) {
    if (command == a.command && (a.open < 0 || a.open == static_cast<int>(open))) return a.name;
  }
  return name_of(command);
}

CommandFormat format_of(std::string_view line) {
  if (line.find(',') == std::string_view::npos) return CommandFormat::kNative;
  return Words(line, true).size() <= 3 ? CommandFormat::kDrampower4 : CommandFormat::kDrampower5;
}

}  // namespace

CommandFormat command_format(const std::string& name) {
  if (name == "auto") return CommandFormat::kFound;
  if (name == "native") return CommandFormat::kNative;
  if (name == "drampower4") return CommandFormat::kDrampower4;
  if (name == "drampower5") return CommandFormat::kDrampower5;
  refuse("", "format", shown_text(name), "auto, native, drampower4, drampower5");
}

bool CommandReader::read_native(const Words& w, Issued* c) const {
  if (w.size() != 3 && w.size() != 4) return false;
  const auto command = command_of(w[1]);
  if (!command || !read_integer(w[0], 0, kLastClock, &c->clock)) return false;
  c->command = *command;
  int64_t bank = 0;
  // Commands of a rank may name any of its banks, or none where there is one rank.
  const int64_t low = is_of_bank(*command) || organisation_.ranks > 1 ? 0 : -1;
  if (!read_integer(w[2], low, organisation_.banks() - 1, &bank)) return false;
  c->bank = static_cast<int32_t>(bank < 0 ? 0 : bank);
  if (w.size() == 4 && w[3] != "-1" && !read_integer(w[3], 0, organisation_.rows - 1, &c->row)) {
    return false;
  }
  return *command != Command::kAct || c->row >= 0;
}

bool CommandReader::read_drampower4(const Words& w, Issued* c) const {
  const auto command = w.size() == 3 ? known(w[1], kFour) : std::nullopt;
  int64_t bank = 0;
  if (!command || !read_integer(w[0], 0, kLastClock, &c->clock) ||
      !read_integer(w[2], 0, organisation_.banks() - 1, &bank)) {
    return false;
  }
  c->command = *command;
  c->bank = static_cast<int32_t>(bank);
  return true;
}

bool CommandReader::read_drampower5(const Words& w, Issued* c) const {
  const auto command = w.size() == 7 || w.size() == 8 ? known(w[1], kFive) : std::nullopt;
  const Organisation& o = organisation_;
  int64_t rank = 0, group = 0, bank = 0, column = 0;
  if (!command || !read_integer(w[0], 0, kLastClock, &c->clock) ||
      !read_integer(w[2], 0, o.ranks - 1, &rank) ||
      !read_integer(w[3], 0, o.bank_groups - 1, &group) ||
      !read_integer(w[4], 0, o.banks_per_group - 1, &bank) ||
      !read_integer(w[5], 0, o.rows - 1, &c->row) ||
      !read_integer(w[6], 0, o.row_bytes - 1, &column)) {
    return false;
  }
  c->command = *command;
  c->bank = static_cast<int32_t>((rank * o.bank_groups + group) * o.banks_per_group + bank);
  if (*command != Command::kAct && !is_column(*command)) c->row = -1;
  return true;
}

void CommandReader::read(std::string_view line, const Sink& sink) {
  if (format_ == CommandFormat::kFound) format_ = format_of(line);
  const bool commas = format_ != CommandFormat::kNative;
  const Words w(line, commas);
  if (ended_) lines_.refuse("what follows END", "a command", "nothing");
  const bool may_end = commas && w.size() >= 2;
  int64_t clock = 0;
  if (may_end && (w[1] == "END" || w[1] == "NOP") && read_integer(w[0], 0, kLastClock, &clock)) {
    ended_ = w[1] == "END";
    end_ = clock;
    return;
  }
  Issued c;
  const bool good = format_ == CommandFormat::kNative       ? read_native(w, &c)
                    : format_ == CommandFormat::kDrampower4 ? read_drampower4(w, &c)
                                                            : read_drampower5(w, &c);
  if (!good) {
    lines_.refuse(
        shown_text(line), "no command to a bank of this memory",
        kForms[static_cast<int>(format_)] + std::string(" with one of ") + command_names());
  }
  try {
    sink(c);
  } catch (const std::invalid_argument& error) {
    lines_.refuse(error.what());
  }
}

void CommandReader::feed(std::string_view piece, const Sink& sink) {
  lines_.feed(piece, [&](std::string_view line) { read(line, sink); });
}

void CommandWriter::write(const Issued& c, std::string* text) {
  const Organisation& o = organisation_;
  const int64_t per_rank = o.banks_per_rank(), rank = c.bank / per_rank;
  const uint64_t own = is_of_bank(c.command) ? uint64_t{1} << c.bank
                       : per_rank == 64      ? ~uint64_t{0}
                                             : ((uint64_t{1} << per_rank) - 1) << (rank * per_rank);
  const bool open = (open_ & own) != 0;
  if (c.command == Command::kAct) open_ |= own;
  if (c.command == Command::kPre || c.command == Command::kPrea || is_automatic(c.command)) {
    open_ &= ~own;
  }
  char line[96];
  char* at = std::to_chars(line, line + 24, c.clock).ptr;
  const auto put = [&](char mark, int64_t n) {
    *at++ = mark;
    at = std::to_chars(at, at + 24, n).ptr;
  };
  const auto put_name = [&](char mark, const char* name) {
    *at++ = mark;
    while (*name != 0) *at++ = *name++;
  };
  if (format_ == CommandFormat::kDrampower4) {
    put_name(',', named(c.command, open, kFour));
    put(',', c.bank);
  } else if (format_ == CommandFormat::kDrampower5) {
    put_name(',', named(c.command, open, kFive));
    put(',', rank);
    put(',', c.bank % per_rank / o.banks_per_group);
    put(',', c.bank % o.banks_per_group);
    put(',', c.row < 0 ? 0 : c.row);
    put(',', 0);
  } else {
    put_name(' ', name_of(c.command));
    put(' ', is_of_bank(c.command) || o.ranks > 1 ? c.bank : -1);
    if (c.row >= 0) put(' ', c.row);
  }
  *at++ = '\n';
  text->append(line, static_cast<std::size_t>(at - line));
}

}  // namespace eden
