#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "csrc/core/trace/lines.h"

namespace eden {

// One request as a trace has it.
struct TraceRequest {
  int64_t clock = 0;  // of arrival
  uint64_t address = 0;
  bool write = false;
};

// native: "clock R|W hexaddress". dramsim3: "0xADDR READ|WRITE cycle". ramulator2: "LD|ST 0xADDR",
// offered as fast as they are accepted. simpleo3: "bubbles address [address]" in decimal, a read
// and the write that may follow it; what a core computes between them is not simulated.
enum class RequestFormat { kFound, kNative, kDramsim3, kRamulator2, kSimpleO3 };

// By name, "auto" for the one of the first line; throws std::invalid_argument for another.
RequestFormat request_format(const std::string& name);

// Reads a trace of requests that comes in pieces. Throws std::invalid_argument, one line with file
// and line number, for what is no request, arrives before the one above it, or is of another format
// than the first line.
class RequestReader {
 public:
  using Sink = std::function<void(const TraceRequest&)>;

  explicit RequestReader(std::string file, RequestFormat format = RequestFormat::kFound)
      : lines_(std::move(file)), format_(format) {}

  // A sink's refusals get file and line number too.
  void feed(std::string_view piece, const Sink& sink);
  void finish() const { lines_.finish(); }

 private:
  void read(std::string_view line, const Sink& sink);
  void check_order(int64_t clock);
  [[noreturn]] void refuse_line(std::string_view line) const;

  Lines lines_;
  RequestFormat format_;
  int64_t last_clock_ = 0;
};

// One line of such a trace, with its break.
std::string request_line(const TraceRequest& request, RequestFormat format);

}  // namespace eden
