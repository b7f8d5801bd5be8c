// Accesses that no network makes so plainly: in order, at random, and what is only known by bytes.

#include <algorithm>

#include "csrc/core/processor/emit.h"

namespace eden {
namespace {

constexpr int64_t kOfUnit = 4096;  // accesses

class Copy : public CoreWork {
 public:
  Copy(const Array& from, int64_t read_bytes, const Array& to, int64_t write_bytes,
       const Processor& p)
      : from_(from), to_(to), p_(p) {
    read_ = lines(read_bytes);
    written_ = lines(write_bytes);
  }
  int64_t units() const override { return (std::max(read_, written_) + kOfUnit - 1) / kOfUnit; }
  double accesses() const override { return 2 * kOfUnit; }
  double weight(int64_t unit) const override {
    const auto part = [&](int64_t n) {
      return std::clamp<int64_t>(n - unit * kOfUnit, 0, kOfUnit);
    };
    return static_cast<double>(part(read_) + part(written_));
  }
  void emit(int64_t unit, std::vector<Access>* out) const override {
    Emitter e(p_, out);
    for (int64_t i = unit * kOfUnit; i < (unit + 1) * kOfUnit; ++i) {
      const auto offset = static_cast<uint64_t>(i * p_.line_bytes);
      e.work(2);
      if (i < read_) e.touch(from_.base + offset, from_.kind);
      if (i < written_) e.touch(to_.base + offset, to_.kind, true);
    }
  }

 private:
  int64_t lines(int64_t bytes) const { return (bytes + p_.line_bytes - 1) / p_.line_bytes; }
  Array from_, to_;
  Processor p_;
  int64_t read_, written_;
};

class Patterned : public CoreWork {
 public:
  Patterned(const Pattern& q, const Processor& p) : q_(q), p_(p) {}
  int64_t units() const override { return (q_.lines + kOfUnit - 1) / kOfUnit; }
  double accesses() const override { return kOfUnit; }
  double weight(int64_t unit) const override {
    return static_cast<double>(std::min(kOfUnit, q_.lines - unit * kOfUnit));
  }
  void emit(int64_t unit, std::vector<Access>* out) const override {
    Emitter e(p_, out);
    const auto span = static_cast<uint64_t>(std::max<int64_t>(1, q_.span_bytes / p_.line_bytes));
    const int64_t last = std::min(q_.lines, (unit + 1) * kOfUnit);
    for (int64_t i = unit * kOfUnit; i < last; ++i) {
      const uint64_t drawn =
          mixed(static_cast<uint64_t>(i) + (static_cast<uint64_t>(q_.seed) << 40));
      const uint64_t line =
          (q_.random ? drawn : static_cast<uint64_t>(i * q_.stride + q_.first)) % span;
      const bool write = static_cast<double>(drawn >> 40) < q_.write_share * (1 << 24);
      e.work(static_cast<double>(q_.instructions - 1));
      e.touch(q_.base + line * e.line_bytes(), Kind::kScratch, write, q_.dependent);
    }
  }

 private:
  static uint64_t mixed(uint64_t x) {  // as `Pages` has it
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ x >> 27) * 0x94D049BB133111EBULL;
    return x ^ x >> 31;
  }
  Pattern q_;
  Processor p_;
};

}  // namespace

std::unique_ptr<CoreWork> copy(const Array& from, int64_t read_bytes, const Array& to,
                               int64_t write_bytes, const Processor& p) {
  return std::make_unique<Copy>(from, read_bytes, to, write_bytes, p);
}
std::unique_ptr<CoreWork> pattern(const Pattern& q, const Processor& p) {
  return std::make_unique<Patterned>(q, p);
}

}  // namespace eden
