#include <cmath>
#include <stdexcept>
#include <string>

#include "csrc/core/energy/energy.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

// DRAMPower 4.0's own run: 1.2 V, IDD0/2N/3N/4R/4W/5 = 48/34/43/135/123/250 mA, t_CK 0.83 ns,
// t_RAS 39, t_RC 56, t_RFC 420 and burst 4 cycles.
constexpr double kClock = 0.83e-9;
const Currents kCurrents{1.2, 0.048, 0.034, 0.043, 0.135, 0.123, 0.250, false};
const Timing kTiming{kClock, 4, 39 * kClock, 56 * kClock, 420 * kClock, 7.8e-6};
const CommandCounts kCounts{8249, 8233, 6650, 1588, 21, 191614, 717};

// To the five decimals of a microjoule that DRAMPower printed.
double printed(double joules) { return std::round(joules * 1e11) / 1e5; }

bool close(double a, double b) { return std::abs(a - b) <= 1e-12 * std::abs(b); }

}  // namespace

TEST_CASE("energies are those that DRAMPower 4.0 printed", "[energy]") {
  const auto law = GENERATE(VoltageLaw::kLinear, VoltageLaw::kCv2, VoltageLaw::kArray);
  const DramEnergy e = dram_energy(kCounts, kCurrents, kTiming, 1.2, law);
  // 1.2 V x 0.83 ns x 8249 x 39 x (48 - 43) mA
  CHECK(printed(e.activate) == 1.60212);
  // 1.2 V x 0.83 ns x 8233 x (56 - 39) x (48 - 34) mA
  CHECK(printed(e.precharge) == 1.95162);
  // 1.2 V x 0.83 ns x 6650 x 4 x (135 - 43) mA
  CHECK(printed(e.read) == 2.43741);
  // 1.2 V x 0.83 ns x 1588 x 4 x (123 - 43) mA
  CHECK(printed(e.write) == 0.50613);
  // 1.2 V x 0.83 ns x 21 x 420 x (250 - 43) mA
  CHECK(printed(e.refresh) == 1.81844);
  // 1.2 V x 0.83 ns x 191614 x 43 mA
  CHECK(printed(e.background_active) == 8.20644);
  // 1.2 V x 0.83 ns x 717 x 34 mA
  CHECK(printed(e.background_precharged) == 0.02428);
}

TEST_CASE("each law scales its components with the voltage", "[energy]") {
  const double r = 0.75;
  const DramEnergy at = dram_energy(kCounts, kCurrents, kTiming, 1.2, VoltageLaw::kLinear);
  const auto below = [&](VoltageLaw law) {
    return dram_energy(kCounts, kCurrents, kTiming, r * 1.2, law);
  };
  CHECK(close(below(VoltageLaw::kLinear).total(), r * at.total()));
  CHECK(close(below(VoltageLaw::kCv2).total(), r * r * at.total()));
  const DramEnergy array = below(VoltageLaw::kArray);
  CHECK(close(array.activate, r * r * at.activate));
  CHECK(close(array.precharge, r * r * at.precharge));
  CHECK(close(array.refresh, r * r * at.refresh));
  CHECK(array.read == at.read);
  CHECK(array.write == at.write);
  CHECK(array.background_active == at.background_active);
  CHECK(array.background_precharged == at.background_precharged);
}

TEST_CASE("every machine computes the same joules", "[energy][same]") {
  const auto total = [](double volts, VoltageLaw law) {
    return dram_energy(kCounts, kCurrents, kTiming, volts, law).total();
  };
  CHECK(total(1.05, VoltageLaw::kLinear) == 0x1.e5ce36a4d7039p-17);
  CHECK(total(1.05, VoltageLaw::kCv2) == 0x1.a9146fd03c233p-17);
  CHECK(total(1.35, VoltageLaw::kArray) == 0x1.2d8b418f7eb42p-16);
}

TEST_CASE("no commands and no time cost nothing", "[energy]") {
  CHECK(dram_energy({}, kCurrents, kTiming, 1.2, VoltageLaw::kLinear).total() == 0);
}

TEST_CASE("values that no chip has are refused by their field", "[energy]") {
  const auto refusal = [](auto&& value) -> std::string {
    try {
      check(value);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  const auto with = [](auto value, auto member, double number) {
    value.*member = number;
    return value;
  };
  CHECK(refusal(kCurrents) == "accepted");
  CHECK(refusal(kTiming) == "accepted");
  CHECK(refusal(kCounts) == "accepted");
  CHECK(refusal(with(kCurrents, &Currents::vdd_volts, 0)) ==
        "Currents: vdd_volts is 0, accepted: a number from 0.1 to 5");
  CHECK(refusal(with(kTiming, &Timing::clock_seconds, 0)) ==
        "Timing: clock_seconds is 0, accepted: a number from 1e-10 to 1e-06");
  CHECK(refusal(with(kTiming, &Timing::trefi_seconds, kTiming.trfc_seconds)) ==
        "Timing: trefi_seconds is 3.486e-07, accepted: a number from 6.972e-07 to 1");
  const double bad = GENERATE(as<double>{}, -1, NAN, INFINITY, -INFINITY, 1e31);
  for (const auto member :
       {&Currents::vdd_volts, &Currents::idd0, &Currents::idd2n, &Currents::idd3n, &Currents::idd4r,
        &Currents::idd4w, &Currents::idd5}) {
    const Currents c = with(kCurrents, member, bad);
    CHECK(refusal(c) != "accepted");
    CHECK_THROWS_AS(dram_energy(kCounts, c, kTiming, 1.2, VoltageLaw::kCv2), std::invalid_argument);
  }
  for (const auto member : {&Timing::clock_seconds, &Timing::tras_seconds, &Timing::trc_seconds,
                            &Timing::trfc_seconds, &Timing::trefi_seconds}) {
    const Timing t = with(kTiming, member, bad);
    CHECK(refusal(t) != "accepted");
    CHECK_THROWS_AS(dram_energy(kCounts, kCurrents, t, 1.2, VoltageLaw::kCv2),
                    std::invalid_argument);
  }
  for (const Field<CommandCounts>& field : FieldsOf<CommandCounts>::list) {
    const CommandCounts n = with(kCounts, std::get<double CommandCounts::*>(field.member), bad);
    CHECK(refusal(n).find(std::string("CommandCounts: ") + field.key + " is ") == 0);
    CHECK_THROWS_AS(dram_energy(n, kCurrents, kTiming, 1.2, VoltageLaw::kCv2),
                    std::invalid_argument);
  }
}

TEST_CASE("laws and voltages that mean nothing are refused", "[energy]") {
  CHECK_THROWS_AS(voltage_law("cubic"), std::invalid_argument);
  const double volts = GENERATE(0.0, -1.2, NAN, INFINITY);
  CHECK_THROWS_AS(dram_energy(kCounts, kCurrents, kTiming, volts, VoltageLaw::kCv2),
                  std::invalid_argument);
}
