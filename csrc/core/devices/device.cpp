#include "csrc/core/devices/device.h"

namespace eden {

const char* name_of(Level level) { return level == Level::kModule ? "module" : "bank"; }

std::vector<Partition> Device::subarrays() const {
  std::vector<Partition> result;
  for (int64_t bank = 0; bank < geometry.banks; ++bank) {
    for (int64_t i = 0; i < geometry.subarrays_per_bank(); ++i) {
      result.push_back({"bank" + std::to_string(bank) + ".subarray" + std::to_string(i), "subarray",
                        bank, i * geometry.rows_per_subarray, geometry.rows_per_subarray,
                        geometry.row_bytes});
    }
  }
  return result;
}

int64_t Device::base_of(const Partition& partition) const {
  return partition.bank * geometry.bank_bytes() + partition.first_row * geometry.row_bytes;
}

}  // namespace eden
