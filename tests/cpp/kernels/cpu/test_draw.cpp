#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/cpu/weak/decide.h"
#include "kernels/law/cells.h"
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

TEST_CASE("numbers are those of the blocks of their counters", "[draw]") {
  const int blocks = GENERATE(0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 48, 63, 255);
  const int shift = GENERATE(0, 1);  // of the lists: not aligned to a vector
  std::mt19937_64 random(static_cast<uint64_t>(blocks));
  for (const Isa isa : present()) {
    const uint64_t key = random();
    const uint64_t place = random();
    std::vector<uint32_t> what(kRoom), index(kRoom);
    for (uint32_t& w : what) w = static_cast<uint32_t>(random());
    for (uint32_t& i : index) i = static_cast<uint32_t>(random());
    std::vector<uint64_t> numbers(2 * kRoom);
    uint64_t* to = numbers.data() + shift;
    draw(isa).blocks(key, place, what.data() + shift, index.data() + shift, blocks, to);
    for (int i = 0; i < blocks; ++i) {
      const auto k = static_cast<size_t>(i + shift);
      const PhiloxBlock block = philox4x32(
          static_cast<uint32_t>(place), static_cast<uint32_t>(place >> 32), what[k], index[k], key);
      REQUIRE(to[2 * i] == block.number(0));
      REQUIRE(to[2 * i + 1] == block.number(1));
    }
  }
}

TEST_CASE("many groups are decided as each alone", "[draw]") {
  const int n = GENERATE(1, 2, 7, 8, 9, 31, 100, 255, kSegmentWords);
  const bool same = GENERATE(false, true);
  const int blocks = GENERATE(1, 2);
  std::mt19937_64 random(static_cast<uint64_t>(n));
  const uint64_t key = random();
  const uint64_t segment = random() >> 11;
  for (const Isa isa : present()) {
    std::vector<uint32_t> lanes;
    WordNumbers words;
    DecisionLanes decided;
    // Also thresholds that only the last planes decide, and 0, which nothing is below.
    std::vector<uint64_t> thresholds;
    for (int i = 0; i < n; ++i) {
      words[i] = static_cast<uint16_t>(random() % kSegmentWords);
      lanes.push_back(static_cast<uint32_t>(random()));
      decided.open[i] = lanes.back();
      thresholds.push_back(same && i > 0 ? thresholds[0] : i % 5 == 3 ? 0 : random() >> (i % 63));
    }
    const Decision decision{key, segment, Purpose::kAccess, blocks, same, n, words};
    decide(draw(isa), decision, &decided, decided.taken,
           [&](const uint16_t* where, int count, int plane, int planes, uint32_t* room) {
             for (int j = 0; j < planes; ++j) {
               for (int i = 0; i < (same ? 1 : count); ++i) {
                 room[j * kSegmentWords + i] =
                     equal_plane(thresholds[where ? where[i] : i], plane + j);
               }
             }
             return room;
           });
    for (int i = 0; i < n; ++i) {
      const auto k = static_cast<size_t>(i);
      const uint32_t alone = below(key, segment * kSegmentWords + words[i], Purpose::kAccess,
                                   lanes[k], [&](int j) { return equal_plane(thresholds[k], j); });
      REQUIRE(decided.taken[i] == alone);
    }
  }
}

TEST_CASE("the groups that are kept are those with open lanes", "[draw]") {
  const int n = GENERATE(0, 1, 15, 16, 17, 255, kSegmentWords);
  std::mt19937_64 random(static_cast<uint64_t>(n));
  alignas(64) WordLanes open;
  std::vector<uint16_t> expected;
  for (int i = 0; i < n; ++i) {
    open[i] = random() % 3 == 0 ? uint32_t{1} << (random() % 32) : 0;
    if (open[i] != 0) expected.push_back(static_cast<uint16_t>(i));
  }
  std::fill(open + n, std::end(open), 1u);  // what lies beyond is not there
  for (const Isa isa : present()) {
    WordNumbers kept;
    const int count = draw(isa).keep_open(n, open, kept);
    REQUIRE(std::vector<uint16_t>(kept, kept + count) == expected);
  }
}

TEST_CASE("points of bitlines are located alike by all instruction sets", "[draw]") {
  const int n = GENERATE(0, 1, 7, 8, 9, 100);
  const int columns_log2 = GENERATE(9, 16);
  const int intervals = columns_log2 - 5;  // of 64, 64, 128, ... ranks
  std::mt19937_64 random(static_cast<uint64_t>(n));
  std::vector<RankedBitline> ranks;
  for (int i = 0; i < 1 << columns_log2; ++i) {
    // As many stresses as rungs, some of them "always": 2^58.
    const auto column = static_cast<int32_t>(random() % (uint64_t{1} << columns_log2));
    ranks.emplace_back(column, random() % 4 == 0 ? kDenseStart : random() >> (6 + random() % 12));
  }
  std::vector<uint64_t> numbers(static_cast<size_t>(n + kDrawSlack));
  std::vector<StreamCode> codes;
  for (uint64_t& number : numbers) {
    number = random();
    const int rung = random() % 12 == 0 ? kNoRung : static_cast<int>(random() % kSparseRungs);
    // What lies beyond the list may be anything, and leads nowhere.
    const bool beyond = codes.size() >= static_cast<size_t>(n);
    codes.push_back(
        beyond ? StreamCode(15, 15)
               : StreamCode(rung, static_cast<int>(random() % static_cast<uint64_t>(intervals))));
  }
  const BitlineCells among{ranks.data(), columns_log2, 1000, 50000};
  std::vector<PointCell> cells(numbers.size());
  for (const bool equal : {false, true}) {
    if (equal && n == 0) continue;
    // The last point comes just when its bitline's stress is reached.
    if (equal) {
      numbers.back() = 0;
      const auto last = static_cast<size_t>(n - 1);
      codes[last] = StreamCode(3, 0);
      numbers[last] = 5;
      const int32_t column = static_cast<int32_t>(ranks[5].column());
      ranks[5] = RankedBitline(column, point_time(3, numbers[last]));
    }
    for (const Isa isa : present()) {
      REQUIRE(draw(isa).locate(among, numbers.data(), codes.data(), n, cells.data()) == equal);
      for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        const int interval = codes[i].interval();
        const int size_log2 = interval_size_log2(interval);
        const uint64_t q = numbers[i] % (uint64_t{1} << (size_log2 + 16 - columns_log2));
        const uint64_t in_row = q % (uint64_t{1} << size_log2);
        const RankedBitline bitline = ranks[static_cast<size_t>(interval_begin(interval)) + in_row];
        const uint64_t cell = ((q >> size_log2) << columns_log2) + bitline.column();
        const uint64_t time = point_time(codes[i].rung(), numbers[i]);
        const bool weak = cell >= 1000 && cell < 51000 && time >> 11 < bitline.stress();
        REQUIRE(cells[i].cell() == cell);
        REQUIRE(cells[i].found() == static_cast<uint32_t>(weak));
      }
    }
  }
}
