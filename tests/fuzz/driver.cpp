// Stands in for libFuzzer where the compiler has none: random bytes, no guidance by coverage.
// Takes libFuzzer's -runs=N and -seed=N.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int count, char** arguments) {
  long runs = 100000;
  unsigned long seed = 1;
  for (int i = 1; i < count; ++i) {
    if (std::strncmp(arguments[i], "-runs=", 6) == 0) runs = std::atol(arguments[i] + 6);
    if (std::strncmp(arguments[i], "-seed=", 6) == 0)
      seed = std::strtoul(arguments[i] + 6, nullptr, 10);
  }
  std::mt19937 random(static_cast<unsigned>(seed));
  std::vector<uint8_t> data;
  for (long run = 0; run < runs; ++run) {
    data.resize(random() % 400);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
    LLVMFuzzerTestOneInput(data.data(), data.size());
  }
  std::printf("Done %ld runs, seed %lu, no complaint\n", runs, seed);
}
