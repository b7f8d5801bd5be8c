#include <cmath>
#include <stdexcept>

#include "csrc/core/systems/layer_stream.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/timing/small_memory.h"

using namespace eden;

namespace {

const auto kRules = std::make_shared<const Rules>(small_rules());
constexpr double kClock = 2e-9;

TraceCounts counted(const StreamServed& s) { return s.counts.at(0).at(0).counts; }

StreamServed served(const LayerStream& layer, int64_t most = 1000, const char* policy = "{}") {
  return serve(kRules, layer, {"RoBaRaCoCh", parse_policy(policy), most});
}

}  // namespace

TEST_CASE("a stream that nothing but the memory keeps", "[layer_stream]") {
  // Four lines of one row, the first accepted in clock 0: ACT in clock 1, RD tRCD = 6 later, the
  // others tCCD_L = 9 clocks after each other in their group, the last one's data CL + BL = 7
  // clocks later: 1 + 6 + 3 * 9 + 7.
  const StreamServed s = served({{{0, 256, 1, false}}, 1, 0, true});
  CHECK(s.reads == 4);
  CHECK(s.writes == 0);
  CHECK(s.fraction == 1);
  CHECK(std::abs(s.dram_seconds / (41 * kClock) - 1) < 1e-12);
  CHECK(s.seconds == s.dram_seconds);
  CHECK(counted(s).reads == 4);
  CHECK(counted(s).activates == 1);
  CHECK(s.row_hits == 0.75);
}

TEST_CASE("a layer takes the longer of memory and array, or both", "[layer_stream]") {
  LayerStream layer{{{0, 512, 1, false}, {1024, 256, 2, true}}, 4, 1e-5, true};
  const StreamServed overlapped = served(layer);
  CHECK(overlapped.reads == 8);
  CHECK(overlapped.writes == 8);
  CHECK(overlapped.dram_seconds < 1e-5);
  CHECK(overlapped.seconds == 1e-5);
  // 5,000 clocks, a refresh each 500 of them.
  CHECK(counted(overlapped).refreshes == 9);
  CHECK(counted(overlapped).length == 5000);
  CHECK(counted(overlapped).reads == 8);

  layer.overlap = false;
  const StreamServed after = served(layer);
  CHECK(after.dram_seconds == overlapped.dram_seconds);
  CHECK(after.seconds == after.dram_seconds + 1e-5);
}

TEST_CASE("an idle memory lies down where it may", "[layer_stream]") {
  const LayerStream layer{{{0, 512, 1, false}}, 4, 1e-5, true};
  CHECK(counted(served(layer)).power_downs == 0);
  const TraceCounts n = counted(served(layer, 1000, R"({"power_down_clocks": 20})"));
  CHECK(n.power_downs > 0);
  CHECK(n.precharged_fast_cycles + n.active_fast_cycles > 2500);
}

TEST_CASE("a part stands for the whole", "[layer_stream]") {
  const LayerStream layer{{{0, 2048, 50, false}, {4096, 2048, 25, true}}, 300, 0, true};
  const StreamServed whole = served(layer, 10000);
  const StreamServed part = served(layer, 300);
  CHECK(whole.reads == 1600);
  CHECK(whole.writes == 800);
  CHECK(whole.fraction == 1);
  CHECK(part.reads == whole.reads);
  CHECK(part.fraction == 37.0 / 300);  // 300 of 2,400 requests are 37.5 of the tiles
  CHECK(std::abs(part.dram_seconds / whole.dram_seconds - 1) < 0.05);
  const double moved = static_cast<double>(counted(part).reads) / part.fraction;
  CHECK(std::abs(moved / 1600 - 1) < 0.02);
}

TEST_CASE("a tile of more requests than are simulated is cut", "[layer_stream]") {
  const StreamServed s = served({{{0, 4096, 10, false}}, 1, 0, true}, 100);
  CHECK(s.reads == 640);
  CHECK(s.fraction == 1.0 / 7);
  CHECK(counted(s).reads == 91);
}

TEST_CASE("a layer that moves nothing waits", "[layer_stream]") {
  const LayerStream layer{{}, 1, 8e-7, true};  // 400 clocks, in which no refresh is due
  const StreamServed s = served(layer);
  CHECK(s.reads == 0);
  CHECK(s.dram_seconds == 0);
  CHECK(s.seconds == 8e-7);
  CHECK(counted(s).length == 400);
  CHECK(counted(s).precharged_cycles == 400);
  // PDE in the clock in which it has waited for 20.
  const TraceCounts down = counted(served(layer, 1000, R"({"power_down_clocks": 20})"));
  CHECK(down.power_downs == 1);
  CHECK(down.precharged_cycles == 20);
  CHECK(down.precharged_fast_cycles == 380);
  CHECK(down.length == 400);
}

TEST_CASE("streams that cannot be are refused", "[layer_stream]") {
  const auto refused = [](const LayerStream& layer) {
    return complaint_of([&] { served(layer); });
  };
  CHECK(refused({{{8000, 256, 1, false}}, 1, 0, true}) ==
        "stream: a tensor is 256 bytes at address 8000, accepted: at least 1 byte within the "
        "memory's 8192");
  CHECK(refused({{{0, 64, -1, false}}, 1, 0, true}) ==
        "stream: passes is -1, accepted: a number from 0 to 1e+09");
  CHECK(refused({{{0, 64, 1, false}}, 0, 0, true}) ==
        "stream: tiles is 0, accepted: a number from 1 to 1e+15");
  CHECK(refused({{{0, 64, 1, false}}, 1, std::nan(""), true}).substr(0, 24) ==
        "stream: compute_seconds ");
}
