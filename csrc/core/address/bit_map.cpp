#include "csrc/core/address/bit_map.h"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <stdexcept>

#include "csrc/core/fields/fields.h"

namespace eden {
namespace {

constexpr const char* kParts[6] = {"ch", "ra", "bg", "ba", "ro", "co"};

struct Named {
  const char* name;
  const char* text;
};
// Ramulator's, by their definition there; the parts that one leaves to the module's levels follow
// each other as channel, rank, bank group, bank.
constexpr Named kNamed[] = {
    {"RoBaRaCoCh", "ro ba bg ra co ch"},
    {"ChRaBaRoCo", "ch ra bg ba ro co"},
    {"MOP4CLXOR", "ro co[2:] ba bg ra ch co[:2]; ro ba bg ra ch ^= co"},
};

int log2_of(int64_t n) {
  int bits = 0;
  while ((int64_t{1} << bits) < n) ++bits;
  return bits;
}

[[noreturn]] void refuse_map(const std::string& text, const std::string& why) {
  std::string said = "address map " + text.substr(0, 60) + ": " + why;
  // A map may come from anywhere, a refusal is one line.
  std::replace_if(
      said.begin(), said.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  throw std::invalid_argument(said);
}

// A list of slices as bits, lowest first, each a position in the word of a place.
class Slices {
 public:
  Slices(const std::string& map, const int* width, const int* shift)
      : map_(map), width_(width), shift_(shift) {}

  std::vector<int> bits(const std::string& list) const {
    std::istringstream in(list);
    std::vector<int> found;
    // From the highest part to the lowest.
    for (std::string word; in >> word;) {
      const std::vector<int> part = slice(word);
      found.insert(found.begin(), part.begin(), part.end());
    }
    return found;
  }

 private:
  int number(const std::string& text, int otherwise) const {
    if (text.empty()) return otherwise;
    const bool digits = text.size() <= 2 && std::all_of(text.begin(), text.end(), [](char c) {
                          return c >= '0' && c <= '9';
                        });
    if (!digits) refuse_map(map_, refusal("bit", shown_text(text), "0 to 99"));
    return std::stoi(text);
  }

  std::vector<int> slice(const std::string& word) const {
    const std::string name = word.substr(0, word.find('['));
    const auto* part = std::find(std::begin(kParts), std::end(kParts), name);
    const bool whole = name == word;
    if (part == std::end(kParts) || (!whole && word.back() != ']')) {
      refuse_map(map_,
                 refusal("part", shown_text(word), "ch, ra, bg, ba, ro, co, and slices [2:]"));
    }
    const auto i = part - std::begin(kParts);
    int begin = 0, end = width_[i];
    if (!whole) {
      const std::string inside = word.substr(name.size() + 1, word.size() - name.size() - 2);
      const std::size_t colon = inside.find(':');
      begin = number(inside.substr(0, colon), colon == std::string::npos ? -1 : 0);
      end = colon == std::string::npos ? begin + 1 : number(inside.substr(colon + 1), end);
      // A part may be narrower than what a map of many memories cuts off.
      if (colon != std::string::npos) {
        begin = std::min(begin, width_[i]);
        end = std::min(end, width_[i]);
      }
      if (begin < 0 || begin > end || end > width_[i]) {
        refuse_map(map_,
                   refusal("part", shown_text(word), "bits below " + std::to_string(width_[i])));
      }
    }
    std::vector<int> found;
    for (int bit = begin; bit < end; ++bit) found.push_back(shift_[i] + bit);
    return found;
  }

  const std::string& map_;
  const int* width_;
  const int* shift_;
};

// Columns of the inverse over bits; empty if there is none.
std::vector<uint64_t> inverse(std::vector<uint64_t> images, int bits) {
  std::vector<uint64_t> of(static_cast<std::size_t>(bits));
  for (int i = 0; i < bits; ++i) of[static_cast<std::size_t>(i)] = uint64_t{1} << i;
  for (int bit = 0; bit < bits; ++bit) {
    const auto at = static_cast<std::size_t>(bit);
    std::size_t pivot = at;
    while (pivot < images.size() && (images[pivot] >> bit & 1) == 0) ++pivot;
    if (pivot == images.size()) return {};
    std::swap(images[at], images[pivot]);
    std::swap(of[at], of[pivot]);
    for (std::size_t i = 0; i < images.size(); ++i) {
      if (i == at || (images[i] >> bit & 1) == 0) continue;
      images[i] ^= images[at];
      of[i] ^= of[at];
    }
  }
  return of;
}

}  // namespace

const char* map_names() { return "RoBaRaCoCh, ChRaBaRoCo, MOP4CLXOR"; }

BitMap::BitMap(const Organisation& o, const std::string& text)
    : text_(text), groups_(o.bank_groups), banks_(o.banks_per_group) {
  for (const Named& named : kNamed) {
    if (text == named.name) text_ = named.text;
  }
  const int64_t sizes[6] = {o.channels,        o.ranks, o.bank_groups,
                            o.banks_per_group, o.rows,  o.columns()};
  request_bits_ = log2_of(o.request_bytes);
  for (int i = 5; i >= 0; --i) {
    width_[i] = log2_of(sizes[i]);
    shift_[i] = bits_;
    bits_ += width_[i];
  }
  const Slices slices(text, width_, shift_);
  std::istringstream in(text_);
  std::string order, term;
  std::getline(in, order, ';');
  const std::vector<int> places = slices.bits(order);
  std::vector<bool> seen(static_cast<std::size_t>(bits_), false);
  for (const int place : places) {
    if (seen[static_cast<std::size_t>(place)]) {
      refuse_map(text, refusal("a bit", "there twice", "each once"));
    }
    seen[static_cast<std::size_t>(place)] = true;
  }
  if (static_cast<int>(places.size()) != bits_) {
    refuse_map(text, refusal("number of bits", places.size(),
                             "all " + std::to_string(bits_) + " of the module"));
  }
  // Image of each bit of a line's number.
  std::vector<uint64_t> images;
  for (const int place : places) images.push_back(uint64_t{1} << place);
  while (std::getline(in, term, ';')) {
    const std::size_t sign = term.find("^=");
    if (sign == std::string::npos) {
      refuse_map(text, refusal("term", shown_text(term), "parts ^= parts"));
    }
    const std::vector<int> to = slices.bits(term.substr(0, sign));
    const std::vector<int> from = slices.bits(term.substr(sign + 2));
    std::vector<uint64_t> changed = images;
    for (std::size_t i = 0; i < std::min(to.size(), from.size()); ++i) {
      for (std::size_t bit = 0; bit < images.size(); ++bit) {
        changed[bit] ^= (images[bit] >> from[i] & 1) << to[i];
      }
    }
    images = changed;
  }
  const std::vector<uint64_t> back = inverse(images, bits_);
  if (bits_ > 0 && back.empty()) {
    refuse_map(text, refusal("a place", "that of two addresses", "a map that can be undone"));
  }
  to_place_ = table(images);
  to_line_ = table(back);
}

std::vector<uint64_t> BitMap::table(const std::vector<uint64_t>& images) {
  std::vector<uint64_t> result((images.size() + 7) / 8 * 256, 0);
  for (std::size_t byte = 0; byte * 256 < result.size(); ++byte) {
    for (std::size_t value = 0; value < 256; ++value) {
      uint64_t& image = result[byte * 256 + value];
      for (std::size_t bit = 0; bit < 8 && byte * 8 + bit < images.size(); ++bit) {
        if ((value >> bit & 1) != 0) image ^= images[byte * 8 + bit];
      }
    }
  }
  return result;
}

uint64_t BitMap::apply(const std::vector<uint64_t>& table, uint64_t word) {
  uint64_t image = 0;
  for (std::size_t at = 0; at < table.size(); at += 256, word >>= 8)
    image ^= table[at + (word & 255)];
  return image;
}

Place BitMap::place(uint64_t address) const {
  const uint64_t line = address >> request_bits_;
  if (line >> bits_ != 0) {
    char hex[32];
    std::snprintf(hex, sizeof hex, "0x%llx", static_cast<unsigned long long>(address));
    refuse("", "address", hex,
           "below " + std::to_string(uint64_t{1} << (bits_ + request_bits_)) +
               ", the bytes of the module");
  }
  const uint64_t word = apply(to_place_, line);
  const auto part = [&](int i) {
    return static_cast<int64_t>(word >> shift_[i] & ((uint64_t{1} << width_[i]) - 1));
  };
  return {part(0), part(1), part(2), part(3), part(4), part(5)};
}

uint64_t BitMap::address(const Place& p) const {
  const int64_t parts[6] = {p.channel, p.rank, p.group, p.bank, p.row, p.column};
  uint64_t word = 0;
  for (int i = 0; i < 6; ++i) {
    if (parts[i] < 0 || parts[i] >> width_[i] != 0) {
      refuse("address map: ", kParts[i], parts[i],
             "0 to " + std::to_string((int64_t{1} << width_[i]) - 1));
    }
    word |= static_cast<uint64_t>(parts[i]) << shift_[i];
  }
  return apply(to_line_, word) << request_bits_;
}

}  // namespace eden
