#pragma once

#include <string>

#include "csrc/core/devices/device.h"

namespace eden {

// Reads and checks a device description (eden/devices/specs holds two).
// Throws std::invalid_argument: one line, the field, the value got, what is accepted.
Device parse_device(const std::string& json_text);

// The same description again; parse_device(device_to_json(d)) equals d.
std::string device_to_json(const Device& device);

}  // namespace eden
