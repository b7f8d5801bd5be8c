#include "csrc/core/processor/parameters.h"

namespace eden {
namespace {

constexpr const char* kWhere = "processor: ";

bool is_power_of_two(int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

void check_power(const char* key, int64_t n) {
  if (!is_power_of_two(n)) refuse(kWhere, key, n, "a power of two");
}

void check_cache(const char* key, int64_t bytes, int64_t ways, int64_t line) {
  if (bytes == 0) return;
  const int64_t of_ways = ways * line;
  if (bytes % of_ways == 0 && is_power_of_two(bytes / of_ways)) return;
  refuse(kWhere, key, bytes,
         "0, or " + std::to_string(of_ways) + " bytes (ways of a line) times a power of two");
}

}  // namespace

Kernel kernel(const std::string& name) {
  if (name == "im2col") return Kernel::kIm2col;
  if (name == "direct") return Kernel::kDirect;
  if (name == "tiled") return Kernel::kTiled;
  refuse("", "kernel", shown_text(name), "im2col, direct, tiled");
}

void check(const Processor& p) {
  check_fields(p, kWhere);
  check_power("line_bytes", p.line_bytes);
  check_power("vector_bytes", p.vector_bytes);
  check_power("channel_bytes", p.channel_bytes);
  if (p.page_bytes != 0) check_power("page_bytes", p.page_bytes);
  if (p.page_bytes != 0 && p.page_bytes < p.line_bytes) {
    refuse(kWhere, "page_bytes", p.page_bytes, "0, or at least a line");
  }
  const int64_t flying = p.cores * (p.misses_in_flight + p.prefetches_in_flight);
  if (flying > kMostInFlight) {
    refuse(kWhere, "lines in flight of all cores", flying,
           "at most " + std::to_string(kMostInFlight));
  }
  check_cache("l1_bytes", p.l1_bytes, p.l1_ways, p.line_bytes);
  check_cache("l2_bytes", p.l2_bytes, p.l2_ways, p.line_bytes);
  check_cache("shared_bytes", p.shared_bytes, p.shared_ways, p.line_bytes);
}

}  // namespace eden
