#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/law/philox.h"
#include "tests/cpp/catch.h"

using namespace eden;

TEST_CASE("Philox4x32-10 gives the answers that Random123 publishes", "[philox]") {
  std::ifstream file(EDEN_SOURCE_DIR "/tests/vectors/philox4x32_10.txt");
  int vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line[0] == '#') continue;
    std::istringstream words(line);
    std::vector<uint32_t> w(10);
    for (auto& word : w) words >> std::hex >> word;
    REQUIRE(words);
    const uint64_t key = w[4] | (uint64_t{w[5]} << 32);
    const PhiloxBlock block = philox4x32(w[0], w[1], w[2], w[3], key);
    for (size_t i = 0; i < 4; ++i) CHECK(block.word[i] == w[6 + i]);
    ++vectors;
  }
  CHECK(vectors == 3);
}

TEST_CASE("the counter has a field for each part of a place", "[philox]") {
  const PhiloxBlock block =
      random_block(5, 0x123456789abcdef0u, Purpose::kBitlinePoints, 10, 9, 77);
  const PhiloxBlock same = philox4x32(0x9abcdef0u, 0x12345678u, 2 + (10 << 8) + (9 << 16), 77, 5);
  for (int i = 0; i < 4; ++i) CHECK(block.word[i] == same.word[i]);
  CHECK(block.number(0) == (block.word[0] | (uint64_t{block.word[1]} << 32)));
  CHECK(block.number(1) == (block.word[2] | (uint64_t{block.word[3]} << 32)));
}
