// Built where CMake finds cuRAND: its host generator needs no GPU.

#include <curand.h>

#include <vector>

#include "kernels/law/philox.h"
#include "tests/cpp/catch.h"

using namespace eden;

TEST_CASE("Philox is cuRAND's", "[philox]") {
  const auto seed = GENERATE(uint64_t{0}, uint64_t{1}, 0x123456789ABCDEF0u, ~uint64_t{0});
  // Blocks of four words. cuRAND deals them to 65536 streams in turn.
  constexpr uint32_t kStreams = 65536;
  constexpr size_t kBlocks = 3 * kStreams + 5;
  std::vector<unsigned> words(4 * kBlocks);
  curandGenerator_t generator;
  REQUIRE(curandCreateGeneratorHost(&generator, CURAND_RNG_PSEUDO_PHILOX4_32_10) ==
          CURAND_STATUS_SUCCESS);
  REQUIRE(curandSetPseudoRandomGeneratorSeed(generator, seed) == CURAND_STATUS_SUCCESS);
  REQUIRE(curandGenerate(generator, words.data(), words.size()) == CURAND_STATUS_SUCCESS);
  REQUIRE(curandDestroyGenerator(generator) == CURAND_STATUS_SUCCESS);
  size_t differing = 0;
  for (size_t i = 0; i < kBlocks; ++i) {
    const auto number = static_cast<uint32_t>(i);
    const PhiloxBlock block = philox4x32(number / kStreams, 0, number % kStreams, 0, seed);
    for (size_t j = 0; j < 4; ++j) differing += block.word[j] != words[4 * i + j];
  }
  CHECK(differing == 0);
}
