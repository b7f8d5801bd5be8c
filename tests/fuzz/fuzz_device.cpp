// Feeds the parser of device descriptions: a small device, edited as the bytes say, as random
// letters alone are never one. What is accepted is written and read again, and its rates must be
// rates.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>

#include "csrc/core/devices/device_json.h"
#include "csrc/core/devices/operating_point.h"

namespace {

using namespace eden;

constexpr const char* kDevice = R"({"name": "d", "description": "x",
"geometry": {"chips": 2, "chip_width_bits": 8, "banks": 2, "rows_per_bank": 64,
 "rows_per_subarray": 32, "row_bytes": 256, "line_bytes": 16},
"timing": {"clock_seconds": 1e-9, "burst_clocks": 4, "tras_seconds": 3.5e-8, "trc_seconds": 5e-8,
 "trfc_seconds": 1e-7, "trefi_seconds": 7e-6},
"currents": {"vdd_volts": 1.5, "idd0_amperes": 0.06, "idd2n_amperes": 0.03, "idd3n_amperes": 0.04,
 "idd4r_amperes": 0.1, "idd4w_amperes": 0.1, "idd5_amperes": 0.2},
"granularity": {"vdd": "module", "trcd": "module", "trp": "module"},
"nominal": {"vdd_volts": 1.5, "trcd_seconds": 1.4e-8, "trp_seconds": 1.4e-8},
"points": [
 {"vdd_volts": 1.2, "trcd_seconds": 1e-8, "trp_seconds": 1e-8, "line_fraction": 0.25,
  "cells_tested": 65536, "weights": [[1, 2], [3]]},
 {"vdd_volts": 1.4, "trcd_seconds": 1e-8, "trp_seconds": 1e-8, "line_fraction": 0,
  "cells_tested": 65536}],
"retention": [{"refresh_seconds": 2, "temperature_celsius": 70, "bit_fraction": 1e-4,
  "cells_tested": 65536}],
"sources": {"points[0].line_fraction": "s"}})";
constexpr const char* kWords[] = {"0",   "-1",   "1e999", "9e18",        "0.5", "[",
                                  "]",   "{",    "}",     ",",           ":",   "\"",
                                  "nan", "null", "true",  "\"assumed\"", "1.2", "2",
                                  "64",  "1e-9", "",      "\xff\xfe",    "[[",  "\\u0000"};

void check(const BerRange& ber) {
  if (!(0 <= ber.low && ber.low <= ber.mean && ber.mean <= ber.high && ber.high <= 1)) {
    __builtin_trap();
  }
}

}  // namespace

// The first byte says how many edits; then four bytes each: where (two), how much is taken out, and
// the word put there.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text = kDevice;
  for (size_t i = 1; i + 4 <= size && i < 1 + 4 * (data[0] % 8u); i += 4) {
    const size_t at = (data[i] * 256u + data[i + 1]) % (text.size() + 1);
    text.replace(at, data[i + 2] % 8, kWords[data[i + 3] % std::size(kWords)]);
  }
  try {
    const Device device = parse_device(text);
    const std::string written = device_to_json(device);
    if (device_to_json(parse_device(written)) != written) __builtin_trap();
    for (const OperatingPoint& point : measured_points(device)) {
      check(module_ber(device, point));
      for (const Partition& part : device.partitions) check(partition_ber(device, point, part));
    }
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
