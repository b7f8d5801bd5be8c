#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/cpu/decide.h"
#include "kernels/inject.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

// The loops that this processor can run.
std::vector<Isa> present() {
  std::vector<Isa> all{Isa::kPortable};
  if (isa() >= Isa::kAvx2) all.push_back(Isa::kAvx2);
  if (isa() >= Isa::kAvx512) all.push_back(Isa::kAvx512);
  return all;
}

constexpr int kRoom = 512 + kDrawSlack;

}  // namespace

TEST_CASE("streams and heads are the blocks of their counters", "[draw]") {
  const int blocks = GENERATE(0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 255);
  const int shift = GENERATE(0, 1);  // of the output: not aligned to a vector
  std::mt19937_64 random(static_cast<uint64_t>(blocks));
  for (const Isa isa : present()) {
    const uint64_t key = random();
    const uint64_t place = random();
    const auto first = static_cast<uint32_t>(random());  // may wrap round: 32-bit counters
    std::vector<uint32_t> what(kRoom);
    for (uint32_t& w : what) w = static_cast<uint32_t>(random());
    std::vector<uint64_t> numbers(2 * kRoom);
    uint64_t* to = numbers.data() + shift;

    draw(isa).stream(key, place, what[0], first, blocks, to);
    for (int i = 0; i < blocks; ++i) {
      const PhiloxBlock block =
          philox4x32(static_cast<uint32_t>(place), static_cast<uint32_t>(place >> 32), what[0],
                     first + static_cast<uint32_t>(i), key);
      REQUIRE(to[2 * i] == block.number(0));
      REQUIRE(to[2 * i + 1] == block.number(1));
    }
    draw(isa).heads(key, place, what.data() + shift, blocks, to);
    for (int i = 0; i < blocks; ++i) {
      const PhiloxBlock block =
          philox4x32(static_cast<uint32_t>(place), static_cast<uint32_t>(place >> 32),
                     what[static_cast<size_t>(i + shift)], 0, key);
      REQUIRE(to[2 * i] == block.number(0));
      REQUIRE(to[2 * i + 1] == block.number(1));
    }
  }
}

TEST_CASE("many groups are decided as each alone", "[draw]") {
  const int n = GENERATE(1, 2, 7, 8, 9, 31, 100, 255, 256);
  const bool same = GENERATE(false, true);
  const int blocks = GENERATE(1, 2);
  std::mt19937_64 random(static_cast<uint64_t>(n));
  const uint64_t key = random();
  const uint64_t segment = random() >> 11;
  for (const Isa isa : present()) {
    Groups groups;
    std::vector<uint32_t> lanes;
    std::vector<uint16_t> words;
    // Also thresholds that only the last planes decide, and 0, which nothing is below.
    std::vector<uint64_t> thresholds;
    for (int i = 0; i < n; ++i) {
      words.push_back(static_cast<uint16_t>(random() % kSegmentWords));
      lanes.push_back(static_cast<uint32_t>(random()) | 1);
      groups.add(words.back(), lanes.back());
      thresholds.push_back(same && i > 0 ? thresholds[0] : i % 5 == 3 ? 0 : random() >> (i % 63));
    }
    std::vector<uint32_t> taken(kChunkWords + kDrawSlack, 0xFFFF'FFFFu);
    decide(draw(isa), key, segment, Purpose::kAccess, blocks, same, &groups, taken.data(),
           [&](const uint16_t* where, int count, int plane, int planes, uint32_t* room) {
             for (int j = 0; j < planes; ++j) {
               for (int i = 0; i < (same ? 1 : count); ++i) {
                 room[j * kChunkWords + i] = equal_plane(thresholds[where[i]], plane + j);
               }
             }
             return room;
           });
    for (int i = 0; i < n; ++i) {
      const auto k = static_cast<size_t>(i);
      const uint32_t alone = below(key, segment * kSegmentWords + words[k], Purpose::kAccess,
                                   lanes[k], [&](int j) { return equal_plane(thresholds[k], j); });
      REQUIRE(taken[k] == alone);
    }
  }
}
