#include "kernels/access/check.h"

#include "kernels/access/kept.h"
#include "kernels/access/known.h"
#include "kernels/access/stored_bits.h"
#include "kernels/formats/dispatch.h"
#include "kernels/law/refusal.h"

namespace eden {
namespace {

// Far above any memory, and low enough that no product below overflows: bit addresses take 61 bits.
constexpr int64_t kMostElements = int64_t{1} << 56;

bool is_raw(const InjectParams& p) { return p.element >= ElementType::kRaw8; }

std::string problem_of_numbers(const InjectParams& p) {
  const auto lookup = static_cast<int>(p.lookup);
  if (lookup < 0 || lookup > 3) return refusal("lookup", lookup, "0 to 3");
  const auto stored = static_cast<int>(p.stored);
  if (stored < 0 || stored > 5) return refusal("stored", stored, "0 to 5");
  const auto correction = static_cast<int>(p.correction);
  if (correction < 0 || correction > 2) return refusal("correction", correction, "0 to 2");
  if (p.copies < 1) return refusal("copies", p.copies, "at least 1");
  if (p.first_copy < 0 || p.first_copy > INT64_MAX - p.copies) {
    return refusal("first_copy", p.first_copy, "0 to 2^63 - 1 - copies");
  }
  if (p.elements < 0 || p.elements > kMostElements / p.copies) {
    return refusal("elements", p.elements, "0 to 2^56 / copies");
  }
  if (p.row_bytes < 64 || p.row_bytes > 8192 || (p.row_bytes & (p.row_bytes - 1)) != 0) {
    return refusal("row_bytes", p.row_bytes, "a power of two from 64 to 8192");
  }
  return "";
}

std::string problem_of_address(const InjectParams& p) {
  const int bits = stored_bits(p.element, p.stored);
  const int64_t alignment = bits < 8 ? 1 : bits / 8;
  // Bit addresses must fit into 63 bits, with room for any tensor.
  constexpr int64_t kEnd = int64_t{1} << 56;
  if (p.address < 0 || p.address >= kEnd || p.address % alignment != 0) {
    return refusal("address", p.address, "a multiple of ", alignment, " bytes from 0 to 2^56 - 1");
  }
  return "";
}

std::string problem_of_table(const InjectParams& p) {
  switch (p.lookup) {
    case Lookup::kBitline:
      if (p.entries != 8 * p.row_bytes) {
        return refusal("number of entries of the bitline table", p.entries, 8 * p.row_bytes,
                       ", one a bitline of row_bytes ", p.row_bytes);
      }
      if (!p.rank_columns || p.ranks != p.entries) {
        return refusal("number of entries of order", p.ranks, p.entries, ", one a bitline");
      }
      return "";
    case Lookup::kWordline: {
      const int64_t bytes = (p.elements * stored_bits(p.element, p.stored) + 7) / 8;
      const int64_t last_row = (p.address + bytes - 1) / p.row_bytes;
      if (p.entries < 1) {
        return refusal("number of rows of the wordline table", p.entries, "at least 1");
      }
      if (bytes > 0 && last_row >= p.entries) {
        return refusal("last row of the tensor", last_row, "below ", p.entries,
                       ", the rows of the wordline table, each of ", p.row_bytes, " bytes");
      }
      return "";
    }
    case Lookup::kKnown:
      return "";  // of any number of cells
    default:
      if (p.entries == 1) return "";
      return refusal("number of entries of the table for all cells", p.entries, "1");
  }
}

std::string problem_of_values(const InjectParams& p) {
  if (p.scales && (is_raw(p) || p.stored < Stored::kInt16)) {
    return refusal("scale", "given", "none, as only integer formats have one");
  }
  if (is_raw(p)) {
    if (p.correction == Correction::kOff) return "";
    return refusal("correction", static_cast<int>(p.correction),
                   "0 (off) for integer tensors, which have no implausible values");
  }
  if (p.stored >= Stored::kInt16) {
    if (!p.scales) return refusal("scale", "missing", "one, as an integer format needs it");
    if (p.scale_count < 1 || p.elements % p.scale_count != 0) {
      return refusal("number of scales", p.scale_count, "a divisor of the ", p.elements,
                     " elements of a copy");
    }
  }
  if (p.correction == Correction::kOff || p.bounds) return "";
  return refusal("bounds", "missing", "two, as correction needs them");
}

std::string problem_of_output(const InjectParams& p, int64_t out_bytes) {
  const int64_t bytes = p.elements * p.copies * element_bytes(p.element);
  if (out_bytes != bytes) {
    return refusal("number of bytes of out", out_bytes, bytes, ", as x has");
  }
  const auto from = reinterpret_cast<uintptr_t>(p.input);
  const auto to = reinterpret_cast<uintptr_t>(p.output);
  const auto size = static_cast<uintptr_t>(bytes);
  if (bytes > 0 && (from | to) % static_cast<uintptr_t>(element_bytes(p.element)) != 0) {
    return refusal("address in memory of x or out", "one within an element",
                   "a multiple of an element's bytes");
  }
  // What a kernel still reads while it writes.
  const auto count = [](int64_t n) { return static_cast<uintptr_t>(n); };
  const struct {
    const char* name;
    const void* data;
    uintptr_t bytes;
  } inputs[] = {
      {"x", p.input, size},
      {"key", p.key, 2 * sizeof *p.key},
      {"table", p.table, count(p.entries) * sizeof *p.table},
      {"order", p.rank_columns, count(p.ranks) * sizeof *p.rank_columns},
      {"scale", p.scales, count(p.scale_count) * sizeof *p.scales},
      {"bounds", p.bounds, 2 * sizeof *p.bounds},
  };
  for (const auto& input : inputs) {
    const auto at = reinterpret_cast<uintptr_t>(input.data);
    if (at != 0 && bytes > 0 && to < at + input.bytes && at < to + size) {
      return refusal("out", joined("in the memory of ", input.name), "other memory");
    }
  }
  return "";
}

// Only those of the tensor are looked at: a module has millions.
std::string problem_of_known(const InjectParams& p) {
  const StoredBits bits(p);
  const auto first = static_cast<uint64_t>(bits.first), last = static_cast<uint64_t>(bits.last);
  const KnownCells cells = known_within(all_known(p), first, last);
  uint64_t next = first;
  for (const TableEntry* cell = cells.begin; cell != cells.end; ++cell) {
    const uint64_t address = cell->bit_address();
    if (address < next || address >= last) {
      return refusal(joined("bit address of table[", cell - p.table, "]"), address,
                     "above those before it");
    }
    next = address + 1;
  }
  return "";
}

// Only what a kernel follows: where the cells of each segment lie. Their bits are all bits of one.
std::string problem_of_kept(const InjectParams& p) {
  const int64_t segments = StoredBits(p).segments();
  const int64_t fewest = KeptCells::words(segments, 0);
  if (p.kept_words < fewest) {
    return refusal("number of words of kept", p.kept_words, "at least ", fewest, " for ", segments,
                   " segments");
  }
  const KeptCells kept(p.kept, segments);
  if (kept.before(0) != 0) {
    return refusal("number of cells of kept before segment 0", kept.before(0), "0");
  }
  for (int64_t segment = 1; segment <= segments; ++segment) {
    const int64_t before = kept.before(segment - 1);
    if (kept.before(segment) < before) {
      return refusal(joined("number of cells of kept before segment ", segment),
                     kept.before(segment), "at least ", before, ", as before the one before it");
    }
  }
  const int64_t words = KeptCells::words(segments, kept.count());
  if (p.kept_words == words) return "";
  return refusal("number of words of kept", p.kept_words, words, " for ", kept.count(),
                 " cells of ", segments, " segments");
}

}  // namespace

std::string problem_of_cells(const InjectParams& p) {
  std::string problem = problem_of_numbers(p);
  if (problem.empty()) problem = problem_of_address(p);
  if (problem.empty()) problem = problem_of_table(p);
  return problem;
}

std::string problem_of_coding(const InjectParams& p) {
  const std::string problem = problem_of_numbers(p);
  return problem.empty() ? problem_of_values(p) : problem;
}

std::string problem_of(const InjectParams& p, int64_t out_bytes) {
  std::string problem = problem_of_cells(p);
  if (problem.empty()) problem = problem_of_values(p);
  if (problem.empty()) problem = problem_of_output(p, out_bytes);
  return problem;
}

std::string problem_of_order(const InjectParams& p) {
  if (p.lookup == Lookup::kKnown) return problem_of_known(p);
  if (p.lookup != Lookup::kBitline) return "";
  // Their number is a power of two: what is no bitline has a bit beyond it. A loop without a way
  // out is one for vectors.
  int32_t bits = 0;
  for (int64_t rank = 0; rank < p.ranks; ++rank) bits |= p.rank_columns[rank];
  if ((bits & ~(p.ranks - 1)) == 0) return "";
  int64_t rank = 0;
  while ((p.rank_columns[rank] & ~(p.ranks - 1)) == 0) ++rank;
  return refusal(joined("order[", rank, "]"), p.rank_columns[rank], "a bitline from 0 to ",
                 p.ranks - 1);
}

std::string problem_of_arrays(const InjectParams& p) {
  const std::string problem = p.kept ? problem_of_kept(p) : problem_of_order(p);
  if (!problem.empty() || is_raw(p)) return problem;
  if (p.stored >= Stored::kInt16) {
    for (int64_t i = 0; i < p.scale_count; ++i) {
      if (!(p.scales[i] >= 0x1p-126f && p.scales[i] <= 0x1.fffffep127f)) {
        return refusal(joined("scale[", i, "]"), p.scales[i], "finite numbers of at least 2^-126");
      }
    }
  }
  if (p.correction != Correction::kOff && !(p.bounds[0] <= p.bounds[1])) {
    return refusal("bounds", joined("[", p.bounds[0], ", ", p.bounds[1], "]"),
                   "two numbers, the lower at most the upper");
  }
  return "";
}

}  // namespace eden
