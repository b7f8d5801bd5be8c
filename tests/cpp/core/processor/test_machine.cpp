#include <memory>
#include <numeric>
#include <vector>

#include "csrc/core/processor/layers.h"
#include "csrc/core/processor/machine.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/timing/small_memory.h"

using namespace eden;

namespace {

struct List : CoreWork {
  int64_t units() const override { return 1; }
  double accesses() const override { return static_cast<double>(list.size()); }
  double weight(int64_t) const override { return 1; }
  void emit(int64_t, std::vector<Access>* out) const override { *out = list; }
  std::vector<Access> list;
};

// One core of one instruction a cycle at the memory's clock of 2 ns, without caches between it and
// the memory but a shared one of 4 KiB, which costs nothing to look into.
Processor small_processor() {
  Processor p;
  p.cores = 1;
  p.clock_hz = 5e8;
  p.width = 1;
  p.window = 1000;
  p.misses_in_flight = 8;
  p.l1_bytes = p.l2_bytes = 0;
  p.shared_bytes = 4096;
  p.shared_ways = 64;
  p.shared_cycles = 0;
  p.memory_seconds = 0;
  p.prefetch = false;
  p.page_bytes = 0;
  return p;
}

// Reads of row after row of bank 0, each of which waits for the last row's: 64-byte requests, 4 a
// row, and the map has the bank above the columns.
List rows(int64_t count, bool dependent, uint32_t instructions = 1) {
  List work;
  for (int64_t i = 0; i < count; ++i) {
    Access a;
    a.address = static_cast<uint64_t>(i) * 4 * 256;  // four banks of 256 bytes a row
    a.cycles = static_cast<float>(instructions);
    a.instructions = instructions;
    a.dependent = dependent;
    work.list.push_back(a);
  }
  return work;
}

struct Result {
  Ran ran;
  Served served;
};

Result run(const Processor& p, const List& work) {
  const auto rules = std::make_shared<const Rules>(small_rules());
  Machine machine(p, static_cast<uint64_t>(rules->memory().organisation.size_bytes()));
  MemoryPort::Options options;
  options.policy.refresh = Refresh::kNone;
  options.map = "ro ba bg ra co ch";
  MemoryPort memory(rules, options, machine.ends());
  Result r;
  r.ran = machine.run({{&work, 0, 1}}, memory, rules->memory().clock_seconds);
  r.served = memory.served(0);
  return r;
}

}  // namespace

// A request that arrives at clock 1 is accepted there, and its row opened a clock later: tRCD 6,
// CL 5, BL 2 after that.
TEST_CASE("A read ends when its last beat is there", "[processor]") {
  const Result r = run(small_processor(), rows(1, false));
  CHECK(r.ran.cycles == r.served.data_end_clock);
  CHECK(r.served.latency_from_arrival == 1 + 6 + 5 + 2);
  CHECK(r.ran.cycles == 1 + 14);
  CHECK(r.ran.compute_cycles == 1);
}

// Lines of open rows in other banks apart: here each is a new row of the same bank. A dependent
// read is asked for an instruction after the last ended. It then waits for tRAS (20 from the ACT,
// by then 14 ago), tRP 7 and tRC, so that rows open every 30 clocks at the earliest: tRAS + tRP is
// 27, and tRC 30 from ACT to ACT.
TEST_CASE("Dependent misses take a latency each, independent ones overlap", "[processor]") {
  const auto time = [](int64_t n, bool dependent) {
    return run(small_processor(), rows(n, dependent)).ran.cycles;
  };
  // ACT to ACT 30 in either case: one bank serves no faster.
  CHECK(time(5, true) == 15 + 4 * 30);
  CHECK(time(5, false) == 15 + 4 * 30);
}

// Requests of the same row in different banks, far apart in time: nothing is in the way, and each
// takes the latency of an idle memory, 14 clocks, and its own instruction.
TEST_CASE("N dependent misses of idle banks take N latencies", "[processor]") {
  Processor p = small_processor();
  List work;
  for (uint64_t bank = 0; bank < 4; ++bank) {
    Access a;
    a.address = bank * 256;
    a.cycles = 40;  // longer than tRRD and tFAW
    a.instructions = 40;
    a.dependent = true;
    work.list.push_back(a);
  }
  CHECK(run(p, work).ran.cycles == 40 + 3 * 40 + 14);  // work behind a load goes on meanwhile
  p.window = 1;                                        // one instruction goes on behind a load
  CHECK(run(p, work).ran.cycles == 40 + 3 * (14 + 39) + 14);
}

TEST_CASE("One miss in flight is as slow as dependent ones; a cycle more latency shows",
          "[processor]") {
  Processor p = small_processor();
  List work;
  for (uint64_t i = 0; i < 4; ++i) {
    Access a;
    a.address = i * 64;  // of one row: the first opens it
    a.cycles = 1;
    a.instructions = 1;
    work.list.push_back(a);
  }
  // The first ends at 15; columns of a group follow each other by 9.
  const double together = run(p, work).ran.cycles;
  CHECK(together == 15 + 3 * 9);
  p.misses_in_flight = 1;
  p.memory_seconds = 6e-9;  // three clocks
  // The next is asked for as the last is there, 3 after its last beat, and takes 1 + CL 5 + BL 2.
  CHECK(run(p, work).ran.cycles == 15 + 3 + 3 * (8 + 3));
}

TEST_CASE("A load waits at the head of the window", "[processor]") {
  Processor p = small_processor();
  List work;
  for (uint64_t i = 0; i < 2; ++i) {
    Access a;
    a.address = i * 2048;
    a.cycles = 10;
    a.instructions = 10;
    work.list.push_back(a);
  }
  p.window = 11;  // the second, 10 behind, still goes
  const double ahead = run(p, work).served.latency_from_arrival;
  p.window = 10;
  const Result waits = run(p, work);
  CHECK(waits.served.latency_from_arrival < ahead);  // asked for after the first ended: at 10 + 14
  CHECK(waits.ran.cycles >= 10 + 14);
}

TEST_CASE("Lines that were written come back to DRAM once, with their kind", "[processor]") {
  Processor p = small_processor();
  p.shared_bytes = 256;
  p.shared_ways = 4;
  List work;
  for (uint64_t i = 0; i < 12; ++i) {
    Access a;
    a.address = i * 64;
    a.cycles = 1;
    a.instructions = 1;
    a.kind = Kind::kOutput;
    a.write = true;
    work.list.push_back(a);
    work.list.push_back(a);  // hits
  }
  const Result r = run(p, work);
  const auto output = static_cast<std::size_t>(Kind::kOutput);
  CHECK(r.ran.read_bytes[output] == 12 * 64);    // a line is read before it is written
  CHECK(r.ran.written_bytes[output] == 8 * 64);  // four are still in the cache
  CHECK(r.served.writes == 8);
  CHECK(r.ran.accesses == 24);
}

namespace {

// A memory of 64 MiB, so that layers fit.
std::shared_ptr<const Rules> larger_rules() {
  nlohmann::json memory = small_memory();
  memory["geometry"]["rows"] = 1 << 16;
  return std::make_shared<const Rules>(small_rules(memory));
}

Layer small_layer() {
  Layer l;
  l.name = "small";
  l.kind = LayerKind::kConv;
  l.in_channels = 16, l.out_channels = 32;
  l.in_h = l.in_w = l.out_h = l.out_w = 16;
  l.weight_elements = 16 * 32;
  l.input_elements = 16 * 256;
  l.output_elements = 32 * 256;
  l.macs = 16 * 32 * 256;
  l.weight_bits = l.input_bits = l.output_bits = 32;
  return l;
}

}  // namespace

TEST_CASE("A product that fits in the caches reads each byte once", "[processor]") {
  const std::string how = GENERATE("im2col", "direct", "tiled");
  Processor p;
  p.prefetch = false;  // which reads beyond the end
  p.cores = 2;
  ProcessorRun run(p, kernel(how), larger_rules(), {});
  const LayerRun r = run.run(small_layer());
  const auto of = [](const std::array<double, kKinds>& bytes, Kind kind) {
    return bytes[static_cast<std::size_t>(kind)];
  };
  // Two cores may each miss a line before the other has it in the shared cache, not at these sizes.
  CHECK(of(r.read_bytes, Kind::kWeight) == 16 * 32 * 4);
  CHECK(of(r.read_bytes, Kind::kInput) == 16 * 256 * 4);
  CHECK(of(r.read_bytes, Kind::kOutput) == 32 * 256 * 4);
  CHECK(std::accumulate(r.written_bytes.begin(), r.written_bytes.end(), 0.0) == 0);
  CHECK(r.simulated == 1);
  CHECK(r.standard_error == 0);
  CHECK(r.compute_seconds <= r.seconds);
  REQUIRE(r.counts.size() == 1);
  CHECK(r.counts[0][0].reads * 64 ==
        std::accumulate(r.read_bytes.begin(), r.read_bytes.end(), 0.0));
}

TEST_CASE("Samples stand for the whole, with their spread", "[processor]") {
  Processor p;
  Layer l = small_layer();
  l.kind = LayerKind::kLinear;
  l.in_channels = 1024, l.out_channels = 4096;
  l.in_h = l.in_w = l.out_h = l.out_w = 1;
  l.macs = 1024 * 4096;
  l.weight_elements = 1024 * 4096, l.input_elements = 1024, l.output_elements = 4096;
  ProcessorRun whole(p, Kernel::kIm2col, larger_rules(), {});
  const LayerRun all = whole.run(l);
  p.accesses = 100000;
  ProcessorRun sampled(p, Kernel::kIm2col, larger_rules(), {});
  ProcessorRun again(p, Kernel::kIm2col, larger_rules(), {});
  const LayerRun part = sampled.run(l);
  CHECK(part.simulated < 0.3);
  CHECK(part.standard_error > 0);
  CHECK(part.seconds == Approx(all.seconds).epsilon(0.1));
  CHECK(part.read_bytes[0] == Approx(all.read_bytes[0]).epsilon(0.02));
  CHECK(again.run(l).seconds == part.seconds);
}
