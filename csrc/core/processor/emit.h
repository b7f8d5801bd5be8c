#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "csrc/core/processor/kernels.h"

namespace eden {

// Appends accesses, with the instructions and cycles that were spent before each.
class Emitter {
 public:
  Emitter(const Processor& p, std::vector<Access>* out)
      : line_(static_cast<uint64_t>(p.line_bytes)),
        per_instruction_(1 / static_cast<double>(p.width)),
        out_(out) {}

  // Work that touches no further line: cycles by what limits it, the instructions or the units.
  void work(double instructions, double unit_cycles = 0) {
    instructions_ += instructions;
    cycles_ += std::max(instructions * per_instruction_, unit_cycles);
  }
  void touch(uint64_t address, Kind kind, bool write = false, bool dependent = false) {
    work(1);
    Access a;
    a.address = address;
    a.cycles = static_cast<float>(cycles_);
    a.instructions = static_cast<uint32_t>(instructions_);
    a.kind = kind;
    a.write = write;
    a.dependent = dependent;
    out_->push_back(a);
    cycles_ = 0;
    instructions_ -= static_cast<double>(a.instructions);
  }
  // Every line of some bytes, with work for each.
  void run(uint64_t address, double bytes, Kind kind, bool write = false, double instructions = 0,
           double unit_cycles = 0) {
    if (bytes <= 0) return;
    const uint64_t last = (address + static_cast<uint64_t>(std::max(bytes, 1.0)) - 1) / line_;
    for (uint64_t l = address / line_; l <= last; ++l) {
      work(instructions, unit_cycles);
      touch(l * line_, kind, write);
    }
  }
  uint64_t line_bytes() const { return line_; }

 private:
  uint64_t line_;
  double per_instruction_;
  std::vector<Access>* out_;
  double instructions_ = 0;
  double cycles_ = 0;
};

// Elements of a vector instruction. Formats narrower than a byte are computed on as bytes.
inline double lanes(const Processor& p, const Array& a) {
  return static_cast<double>(p.vector_bytes) / std::max(1.0, a.element_bytes);
}

}  // namespace eden
