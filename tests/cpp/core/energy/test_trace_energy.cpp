#include <cmath>
#include <stdexcept>

#include "csrc/core/energy/trace_energy.h"
#include "tests/cpp/catch.h"
#include "tests/cpp/core/timing/small_memory.h"

using namespace eden;

namespace {

bool close(double a, double b) { return std::abs(a - b) <= 1e-12 * std::abs(b); }

const Memory kMemory = parse_memory(small_memory().dump());
const VoltageLaws kLinear = voltage_laws("linear");
// An ampere for a clock: 1.5 V x 2 ns.
constexpr double kJoules = 3e-9;

TraceCounts some() {
  TraceCounts n;
  n.activates = 4;
  n.precharges = 3;
  n.reads = 5;
  n.writes = 7;
  n.refreshes = 2;
  n.active_cycles = 100;
  n.precharged_cycles = 40;
  return n;
}

}  // namespace

TEST_CASE("joules of a trace are worked out by hand", "[trace_energy]") {
  const TraceEnergy e = trace_energy(kMemory, some(), 0, kLinear);
  CHECK(close(e.main.core.activate, kJoules * 4 * 20 * 0.030));
  CHECK(close(e.main.core.precharge, kJoules * 3 * 10 * 0.040));
  CHECK(close(e.main.core.read, kJoules * 5 * 2 * 0.100));
  CHECK(close(e.main.core.write, kJoules * 7 * 2 * 0.090));
  CHECK(close(e.main.core.refresh, kJoules * 2 * 50 * 0.120));
  CHECK(close(e.main.core.background_active, kJoules * 100 * 0.030));
  CHECK(close(e.main.core.background_precharged, kJoules * 40 * 0.020));
  CHECK(e.main.power_down == 0);
  CHECK(e.second.total() == 0);
  CHECK(close(e.total(), e.main.core.total()));
}

TEST_CASE("each state of rest has its current", "[trace_energy]") {
  TraceCounts n;
  n.active_fast_cycles = 1;
  n.active_slow_cycles = 10;
  n.precharged_fast_cycles = 100;
  n.precharged_slow_cycles = 1000;
  CHECK(close(trace_energy(kMemory, n, 0, kLinear).main.power_down,
              kJoules * (0.010 + 0.060 + 0.8 + 4)));
  n = {};
  n.self_refresh_cycles = 200;
  n.entry_active_cycles = 43;
  n.entry_precharged_cycles = 7;
  CHECK(close(trace_energy(kMemory, n, 0, kLinear).main.self_refresh,
              kJoules * (200 * 0.005 + 50 * 0.120 + 43 * 0.006 + 7 * 0.004)));
  // A description without that current has no such energy to tell.
  nlohmann::json memory = small_memory();
  memory["currents_mA"].erase("IDD6");
  CHECK_THROWS_AS(trace_energy(parse_memory(memory.dump()), n, 0, kLinear), std::invalid_argument);
}

TEST_CASE("a second supply and the pins come on top", "[trace_energy]") {
  nlohmann::json memory = small_memory();
  memory["second_supply"] = {{"vdd", 2.5}, {"IDD0", 4},  {"IDD2N", 1}, {"IDD3N", 2},
                             {"IDD4R", 3}, {"IDD4W", 3}, {"IDD5", 12}};
  memory["interface"] = {{"read_watts_per_pin", 0.004},
                         {"write_watts_per_pin", 0.02},
                         {"read_pins", 9},
                         {"write_pins", 10}};
  const TraceEnergy e = trace_energy(parse_memory(memory.dump()), some(), 0, kLinear);
  CHECK(close(e.second.core.activate, 5e-9 * 4 * 20 * 0.002));
  CHECK(close(e.second.core.refresh, 5e-9 * 2 * 50 * 0.010));
  // A burst of 2 clocks takes 4 ns.
  CHECK(close(e.read_interface, 5 * 9 * 4e-9 * 0.004));
  CHECK(close(e.write_termination, 7 * 10 * 4e-9 * 0.02));
  const double all = e.main.total() + e.second.total() + e.read_interface + e.write_termination;
  CHECK(close(e.total(), all));
}

TEST_CASE("components follow the voltage by laws of their own", "[trace_energy]") {
  const TraceEnergy rated = trace_energy(kMemory, some(), 0, kLinear);
  const auto at = [&](const VoltageLaws& laws) { return trace_energy(kMemory, some(), 1.2, laws); };
  CHECK(close(at(kLinear).total(), 0.8 * rated.total()));
  CHECK(close(at(voltage_laws("cv2")).total(), 0.64 * rated.total()));
  const TraceEnergy array = at(voltage_laws("array"));
  CHECK(close(array.main.core.refresh, 0.64 * rated.main.core.refresh));
  CHECK(array.main.core.read == rated.main.core.read);
  VoltageLaws own = kLinear;
  own.background = {0.5, 2};
  CHECK(close(at(own).main.core.background_active, 0.82 * rated.main.core.background_active));
  CHECK_THROWS_AS(voltage_laws("square"), std::invalid_argument);
  CHECK_THROWS_AS(trace_energy(kMemory, some(), 9, kLinear), std::invalid_argument);
}

TEST_CASE("one bank's refresh is its share of a refresh of all", "[trace_energy]") {
  TraceCounts all, one;
  all.refreshes = 1;
  one.bank_refreshes = 4;
  CHECK(close(trace_energy(kMemory, one, 0, kLinear).total(),
              trace_energy(kMemory, all, 0, kLinear).total()));
  const DramEnergy e = bank_energy(kMemory, {2, 1, 3, 0, 99}, 0, kLinear);
  CHECK(close(e.activate, kJoules * 2 * 20 * 0.030));
  CHECK(close(e.read, kJoules * 3 * 2 * 0.100));
  CHECK(e.background_active == 0);
}
