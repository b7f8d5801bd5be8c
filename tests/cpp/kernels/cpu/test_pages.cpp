#include <algorithm>
#include <vector>

#include "kernels/cpu/processor/pages.h"
#include "tests/cpp/catch.h"

TEST_CASE("asking for huge pages changes nothing in memory, wherever it begins and ends") {
  constexpr int64_t kBytes = (int64_t{3} << 21) + 4097;
  std::vector<uint8_t> memory(kBytes, 0xA5);
  for (const int64_t begin : {int64_t{0}, int64_t{1}, int64_t{4096}, int64_t{2097151}}) {
    for (const int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{1} << 22, kBytes - begin}) {
      eden::ask_for_huge_pages(memory.data() + begin, std::min(bytes, kBytes - begin));
    }
  }
  CHECK(std::all_of(memory.begin(), memory.end(), [](uint8_t byte) { return byte == 0xA5; }));
}
