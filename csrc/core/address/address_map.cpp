#include "csrc/core/address/address_map.h"

#include <string>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

void check(const char* what, int64_t value, int64_t end) {
  if (value >= 0 && value < end) return;
  refuse("address map: ", what, value, "0 to " + std::to_string(end - 1));
}

}  // namespace

Location locate(const Geometry& g, Interleave order, int64_t address) {
  check("address", address, g.size_bytes());
  if (order == Interleave::kBanks) {
    const int64_t in_bank = address % g.bank_bytes();
    return {address / g.bank_bytes(), in_bank / g.row_bytes, in_bank % g.row_bytes};
  }
  const int64_t line = address / g.line_bytes;
  const int64_t in_bank = line / g.banks * g.line_bytes + address % g.line_bytes;
  return {line % g.banks, in_bank / g.row_bytes, in_bank % g.row_bytes};
}

int64_t address_of(const Geometry& g, Interleave order, const Location& at) {
  check("bank", at.bank, g.banks);
  check("row", at.row, g.rows_per_bank);
  check("column", at.column, g.row_bytes);
  const int64_t in_bank = at.row * g.row_bytes + at.column;
  if (order == Interleave::kBanks) return at.bank * g.bank_bytes() + in_bank;
  const int64_t line = in_bank / g.line_bytes * g.banks + at.bank;
  return line * g.line_bytes + in_bank % g.line_bytes;
}

}  // namespace eden
