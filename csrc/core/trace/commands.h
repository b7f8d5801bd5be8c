#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "csrc/core/timing/command.h"
#include "csrc/core/timing/memory.h"
#include "csrc/core/trace/lines.h"

namespace eden {

// native: "clock NAME bank row", the row only where there is one and bank -1 for all banks.
// drampower4: "cycle,CMD,bank". drampower5: "timestamp,CMD,rank,group,bank,row,column".
enum class CommandFormat { kFound, kNative, kDrampower4, kDrampower5 };

CommandFormat command_format(const std::string& name);

// Reads a trace of commands that comes in pieces; refuses as `RequestReader` does, but leaves it to
// `Checker` whether the commands are allowed.
class CommandReader {
 public:
  using Sink = std::function<void(const Issued&)>;

  CommandReader(std::string file, const Organisation& organisation,
                CommandFormat format = CommandFormat::kFound)
      : lines_(std::move(file)), organisation_(organisation), format_(format) {}

  void feed(std::string_view piece, const Sink& sink);
  void finish() const { lines_.finish(); }
  // The clock of DRAMPower's END or its last NOP; 0 without.
  int64_t end() const { return end_; }

 private:
  void read(std::string_view line, const Sink& sink);
  bool read_native(const Words& w, Issued* c) const;
  bool read_drampower4(const Words& w, Issued* c) const;
  bool read_drampower5(const Words& w, Issued* c) const;

  Lines lines_;
  Organisation organisation_;
  CommandFormat format_;
  bool ended_ = false;  // DRAMPower's END was read
  int64_t end_ = 0;
};

// Writes commands as text, one after the other. DRAMPower's names of power-down say whether banks
// are open, so that the writer keeps count.
class CommandWriter {
 public:
  CommandWriter(const Organisation& organisation, CommandFormat format)
      : organisation_(organisation), format_(format) {}

  void write(const Issued& command, std::string* text);

 private:
  Organisation organisation_;
  CommandFormat format_;
  uint64_t open_ = 0;
};

}  // namespace eden
