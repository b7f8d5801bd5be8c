#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace eden {

// Whose bytes an access moves: what `Kinds` counts by.
enum class Kind : uint8_t { kWeight, kInput, kOutput, kScratch };
constexpr int kKinds = 4;

// One line that a core touches, and what it does before.
struct Access {
  uint64_t address = 0;       // virtual
  float cycles = 0;           // of the core since the last access, were all data there
  uint32_t instructions = 0;  // since the last access
  Kind kind = Kind::kScratch;
  bool write = false;
  bool dependent = false;  // its address comes from the load before
};

// What one core does in a phase, in units that are about alike: what sampling picks from.
class CoreWork {
 public:
  virtual ~CoreWork() = default;
  virtual int64_t units() const = 0;
  // About how many accesses a unit has, of the mean one.
  virtual double accesses() const = 0;
  // So many units in a row do all that there is to do about equally often: 1 if they are alike.
  virtual int64_t period() const { return 1; }
  // How much of the phase a unit is, relative to others.
  virtual double weight(int64_t unit) const = 0;
  // Appends the accesses of a unit.
  virtual void emit(int64_t unit, std::vector<Access>* out) const = 0;
};

// Work of each core between two barriers, which is done so many times in a row.
struct Phase {
  std::vector<std::unique_ptr<CoreWork>> cores;
  double times = 1;
};

}  // namespace eden
