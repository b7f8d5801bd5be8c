#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "csrc/core/timing/memory.h"

namespace eden {

// Where a request lies. Columns count requests within a row.
struct Place {
  int64_t channel = 0;
  int64_t rank = 0;
  int64_t group = 0;
  int64_t bank = 0;  // within its group
  int64_t row = 0;
  int64_t column = 0;
};

// How the bits of an address choose a place, from data: the parts of a place from the highest bits
// to the lowest, such as "ro ba bg ra co ch". co[2:] and co[:2] are slices, ro[3] is one bit. After
// a semicolon come terms "bg ba ^= co": bits on the left, counted from its lowest part's lowest,
// are xored with those on the right as far as both reach. Every bit stands once, and a map that
// sends two addresses to one place is refused.
class BitMap {
 public:
  // `text` is such a map, or the name of one: RoBaRaCoCh, ChRaBaRoCo, MOP4CLXOR. Throws
  // std::invalid_argument for one that is no bijection.
  BitMap(const Organisation& organisation, const std::string& text);

  // Throws std::invalid_argument for an address beyond the module.
  Place place(uint64_t address) const;
  uint64_t address(const Place& place) const;
  // Bank over ranks and groups, as commands count them.
  int32_t bank_of(const Place& p) const {
    return static_cast<int32_t>((p.rank * groups_ + p.group) * banks_ + p.bank);
  }
  // The map with the text that a name stands for.
  const std::string& text() const { return text_; }

 private:
  // A place as one word: its parts beside each other. Maps between words are linear over bits, so
  // that a table a byte is enough.
  static std::vector<uint64_t> table(const std::vector<uint64_t>& images);
  static uint64_t apply(const std::vector<uint64_t>& table, uint64_t word);

  std::string text_;
  int64_t groups_, banks_;
  int request_bits_ = 0;
  int bits_ = 0;
  int width_[6];                    // of channel, rank, group, bank, row, column
  int shift_[6];                    // in the word of a place
  std::vector<uint64_t> to_place_;  // [bytes * 256]
  std::vector<uint64_t> to_line_;   // [bytes * 256]
};

// The names that `BitMap` knows, for messages.
const char* map_names();

}  // namespace eden
