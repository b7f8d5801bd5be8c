#pragma once

#include <memory>
#include <utility>

#include "csrc/core/systems/streaming.h"
#include "tests/cpp/core/timing/small_memory.h"

// A device of the small memory's clocks: 4 banks of 8 rows of 4 lines, refreshed so seldom that it
// does not show unless an interval is given.
inline eden::Device small_banks(double trefi_seconds = 1) {
  eden::Device d;
  d.name = "small";
  d.geometry = {2, 8, 4, 8, 4, 256, 64};
  d.timing = {2e-9, 2, 40e-9, 60e-9, 100e-9, trefi_seconds};
  d.currents = {1.5, 0.06, 0.02, 0.03, 0.13, 0.12, 0.15};
  d.organisation.bank_groups = 2;
  return d;
}

inline eden::Streams small_streams(eden::Device device = small_banks(),
                                   const nlohmann::json& memory = small_memory()) {
  return {std::move(device), std::make_shared<const eden::Rules>(small_rules(memory))};
}

// tRCD of 6 clocks, tRP of 7.
constexpr eden::Settings kSmallRated{1.5, 12e-9, 14e-9};
