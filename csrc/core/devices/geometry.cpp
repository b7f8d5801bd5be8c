#include "csrc/core/devices/geometry.h"

#include <string>

namespace eden {
namespace {

bool power_of_two(int64_t n) { return (n & (n - 1)) == 0; }

}  // namespace

void check(const Geometry& g, std::string_view where) {
  const auto require = [&](bool holds, const char* key, int64_t value, const std::string& what) {
    if (!holds) refuse(where, key, value, what);
  };
  check_fields(g, where);
  require(power_of_two(g.row_bytes), "row_bytes", g.row_bytes, "a power of two from 64 to 8192");
  require(power_of_two(g.chip_width_bits), "chip_width_bits", g.chip_width_bits,
          "4, 8, 16, 32, 64 or 128");
  require(g.rows_per_bank % g.rows_per_subarray == 0, "rows_per_subarray", g.rows_per_subarray,
          "a divisor of rows_per_bank, " + std::to_string(g.rows_per_bank));
  require(power_of_two(g.line_bytes) && g.line_bytes <= g.row_bytes, "line_bytes", g.line_bytes,
          "a power of two up to row_bytes, " + std::to_string(g.row_bytes));
}

}  // namespace eden
