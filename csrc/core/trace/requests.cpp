#include "csrc/core/trace/requests.h"

#include <cstdio>
#include <stdexcept>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

constexpr const char* kNames[] = {"auto", "native", "dramsim3", "ramulator2", "simpleo3"};
constexpr const char* kForms[] = {("a request in one of the formats native, dramsim3, ramulator2, "
                                   "simpleo3"),
                                  "clock R|W hexaddress", "0xADDR READ|WRITE cycle", "LD|ST 0xADDR",
                                  "bubbles address [address]"};

bool read_decimal(std::string_view text, uint64_t* value) {
  int64_t n = 0;
  if (!read_integer(text, 0, kLastClock, &n)) return false;
  *value = static_cast<uint64_t>(n);
  return true;
}

// The format that the words of a first line are of.
RequestFormat format_of(const Words& w) {
  if (w.size() == 3 && (w[1] == "R" || w[1] == "W")) return RequestFormat::kNative;
  if (w.size() == 3 && (w[1] == "READ" || w[1] == "WRITE")) return RequestFormat::kDramsim3;
  if (w.size() == 2 && (w[0] == "LD" || w[0] == "ST")) return RequestFormat::kRamulator2;
  uint64_t number = 0;
  if ((w.size() == 2 || w.size() == 3) && read_decimal(w[0], &number) &&
      read_decimal(w[1], &number)) {
    return RequestFormat::kSimpleO3;
  }
  return RequestFormat::kFound;
}

}  // namespace

RequestFormat request_format(const std::string& name) {
  for (int i = 0; i < 5; ++i) {
    if (name == kNames[i]) return static_cast<RequestFormat>(i);
  }
  refuse("", "format", shown_text(name), "auto, native, dramsim3, ramulator2, simpleo3");
}

void RequestReader::refuse_line(std::string_view line) const {
  lines_.refuse(shown_text(line), "no request", kForms[static_cast<int>(format_)]);
}

void RequestReader::check_order(int64_t clock) {
  if (clock < last_clock_) {
    lines_.refuse("clock", std::to_string(clock) + " after clock " + std::to_string(last_clock_),
                  "clocks that do not go back");
  }
  last_clock_ = clock;
}

void RequestReader::read(std::string_view line, const Sink& sink) {
  const Words w(line, false);
  if (format_ == RequestFormat::kFound) format_ = format_of(w);
  TraceRequest r;
  switch (format_) {
    case RequestFormat::kFound:
      refuse_line(line);
    case RequestFormat::kNative:
      r.write = w.size() == 3 && w[1] == "W";
      if (w.size() != 3 || (!r.write && w[1] != "R") ||
          !read_integer(w[0], 0, kLastClock, &r.clock) || !read_hex(w[2], &r.address)) {
        refuse_line(line);
      }
      break;
    case RequestFormat::kDramsim3:
      r.write = w.size() == 3 && w[1] == "WRITE";
      if (w.size() != 3 || (!r.write && w[1] != "READ") || !read_hex(w[0], &r.address) ||
          !read_integer(w[2], 0, kLastClock, &r.clock)) {
        refuse_line(line);
      }
      break;
    case RequestFormat::kRamulator2:
      r.write = w.size() == 2 && w[0] == "ST";
      if (w.size() != 2 || (!r.write && w[0] != "LD") || !read_hex(w[1], &r.address)) {
        refuse_line(line);
      }
      break;
    case RequestFormat::kSimpleO3: {
      uint64_t bubbles = 0;
      TraceRequest back{0, 0, true};
      if ((w.size() != 2 && w.size() != 3) || !read_decimal(w[0], &bubbles) ||
          !read_decimal(w[1], &r.address) ||
          (w.size() == 3 && !read_decimal(w[2], &back.address))) {
        refuse_line(line);
      }
      sink(r);
      if (w.size() == 3) sink(back);
      return;
    }
  }
  check_order(r.clock);
  sink(r);
}

void RequestReader::feed(std::string_view piece, const Sink& sink) {
  lines_.feed(piece, [&](std::string_view line) {
    read(line, [&](const TraceRequest& r) {
      try {
        sink(r);
      } catch (const std::invalid_argument& error) {
        lines_.refuse(error.what());
      }
    });
  });
}

std::string request_line(const TraceRequest& r, RequestFormat format) {
  char text[96];
  const auto address = static_cast<unsigned long long>(r.address);
  const auto clock = static_cast<long long>(r.clock);
  switch (format) {
    case RequestFormat::kDramsim3:
      std::snprintf(text, sizeof text, "0x%llX %s %lld\n", address, r.write ? "WRITE" : "READ",
                    clock);
      break;
    case RequestFormat::kRamulator2:
      std::snprintf(text, sizeof text, "%s 0x%llx\n", r.write ? "ST" : "LD", address);
      break;
    case RequestFormat::kSimpleO3:
      if (r.write) {
        refuse("", "a request", "a write by itself", "reads, in simpleo3");
      }
      std::snprintf(text, sizeof text, "0 %llu\n", address);
      break;
    default:
      std::snprintf(text, sizeof text, "%lld %c %llx\n", clock, r.write ? 'W' : 'R', address);
  }
  return text;
}

}  // namespace eden
