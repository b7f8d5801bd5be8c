#pragma once

#include <cstdint>
#include <string_view>

#include "csrc/core/fields/fields.h"

namespace eden {

// What one module (a rank of equal chips that answer together) is made of. A row is the row of the
// whole rank: 8192 bytes for eight x8 chips of 1 KiB pages.
struct Geometry {
  int64_t chips = 0;
  int64_t chip_width_bits = 0;
  int64_t banks = 0;
  int64_t rows_per_bank = 0;
  int64_t rows_per_subarray = 0;
  int64_t row_bytes = 0;
  int64_t line_bytes = 0;  // moved by one read or write burst

  int64_t subarrays_per_bank() const { return rows_per_bank / rows_per_subarray; }
  int64_t bank_bytes() const { return rows_per_bank * row_bytes; }
  int64_t size_bytes() const { return banks * bank_bytes(); }
};

template <>
struct FieldsOf<Geometry> {
  static constexpr double kMaxRows = 1 << 24;
  static constexpr Field<Geometry> list[] = {
      {"chips", &Geometry::chips, 1, 64},
      {"chip_width_bits", &Geometry::chip_width_bits, 4, 128},
      {"banks", &Geometry::banks, 1, 1024},
      {"rows_per_bank", &Geometry::rows_per_bank, 1, kMaxRows},
      {"rows_per_subarray", &Geometry::rows_per_subarray, 1, kMaxRows},
      {"row_bytes", &Geometry::row_bytes, 64, 8192},
      {"line_bytes", &Geometry::line_bytes, 1, 8192},
  };
};

// Throws std::invalid_argument for a geometry that no module has.
void check(const Geometry& geometry, std::string_view where = "Geometry: ");

}  // namespace eden
