// Products of matrices: blocked for caches, and by rows.

#include <algorithm>

#include "csrc/core/processor/emit.h"

namespace eden {
namespace {

int64_t blocks(int64_t of, int64_t size) { return (of + size - 1) / size; }

class Blocked : public CoreWork {
 public:
  Blocked(const BlockedProduct& q, const Processor& p) : q_(q), p_(p) {
    const double line = static_cast<double>(p.line_bytes);
    nr_ = std::max<int64_t>(1, static_cast<int64_t>(line / q.b.element_bytes));
    kc_ = std::min<int64_t>(q.k, 256);
    const double row = static_cast<double>(kc_) * q.a.element_bytes;
    const double l2 = static_cast<double>(p.l2_bytes) / 2;
    mc_ = std::clamp<int64_t>(static_cast<int64_t>(l2 / row) / kMr * kMr, kMr, 768);
    const double share = static_cast<double>(p.shared_bytes) / 2 / static_cast<double>(p.cores);
    const double column = static_cast<double>(kc_) * q.b.element_bytes;
    nc_ = std::max<int64_t>(nr_, static_cast<int64_t>(share / column) / nr_ * nr_);
    n_ = std::max<int64_t>(0, q.n1 - q.n0);
    m_ = std::max<int64_t>(0, q.m1 - q.m0);
    ks_ = blocks(q.k, kc_);
    ms_ = blocks(m_, mc_);
    panels_of_block_ = nc_ / nr_;
    panels_ = blocks(n_, nr_);
  }

  int64_t units() const override { return ks_ * ms_ * panels_; }
  double accesses() const override {
    const double tiles = static_cast<double>(std::min(m_, mc_)) / kMr;
    return tiles * static_cast<double>(kc_) * 1.5;
  }
  int64_t period() const override { return std::min(panels_of_block_, panels_); }
  double weight(int64_t unit) const override {
    const BlockPosition at = place(unit);
    return static_cast<double>(at.m1 - at.m0) * static_cast<double>(at.k1 - at.k0);
  }

  void emit(int64_t unit, std::vector<Access>* out) const override {
    const BlockPosition at = place(unit);
    Emitter e(p_, out);
    const int64_t depth = at.k1 - at.k0;
    const double lane = lanes(p_, q_.c), width = static_cast<double>(nr_);
    const uint64_t b_panel =
        q_.packed_b + bytes(static_cast<double>(at.panel * nr_ * kc_) * q_.b.element_bytes);
    if (at.block_m == 0) {
      for (int64_t k = at.k0; k < at.k1; ++k) {
        const double used = static_cast<double>(std::min(nr_, q_.n1 - at.n0));
        e.run(q_.b.at(k * q_.n + at.n0), used * q_.b.element_bytes, q_.b.kind, false, 2);
        e.touch(b_panel + bytes(static_cast<double>((k - at.k0) * nr_) * q_.b.element_bytes),
                Kind::kScratch, true);
      }
    }
    if (at.panel == 0) {
      const double used = static_cast<double>(depth) * q_.a.element_bytes;
      for (int64_t m = at.m0; m < at.m1; ++m) {
        e.run(q_.a.at(m * q_.k + at.k0), used, q_.a.kind, false, 8);
        e.run(q_.packed_a + bytes(static_cast<double>((m - at.m0) * kc_) * q_.a.element_bytes),
              used, Kind::kScratch, true, 8);
      }
    }
    const double a_line = static_cast<double>(p_.line_bytes) / q_.a.element_bytes / kMr;
    for (int64_t m = at.m0; m < at.m1; m += kMr) {
      const uint64_t a_panel =
          q_.packed_a + bytes(static_cast<double>((m - at.m0) * kc_) * q_.a.element_bytes);
      const double rows = static_cast<double>(std::min<int64_t>(kMr, at.m1 - m));
      // A step: a vector line of B, rows of A spread over vectors, and their products.
      const double vectors = std::max(1.0, width / lane);
      const double step = rows * vectors + rows + vectors - 1;
      const double units = rows * vectors / static_cast<double>(p_.multiply_units);
      double next_a = 0;
      for (int64_t k = 0; k < depth; ++k) {
        e.work(step, units);
        e.touch(b_panel + bytes(static_cast<double>(k * nr_) * q_.b.element_bytes), Kind::kScratch);
        if (static_cast<double>(k) >= next_a) {
          e.touch(a_panel + bytes(static_cast<double>(k * kMr) * q_.a.element_bytes),
                  Kind::kScratch);
          next_a += a_line;
        }
      }
      for (int64_t row = m; row < std::min(m + kMr, at.m1); ++row) {
        const uint64_t c = q_.c.at(row * q_.n + at.n0);
        if (at.k0 > 0) e.touch(c, q_.c.kind);
        e.work(vectors);
        e.touch(c, q_.c.kind, true);
      }
    }
  }

 private:
  static constexpr int64_t kMr = 6;  // rows of A at once: twelve sums in sixteen registers
  struct BlockPosition {
    int64_t panel;  // within its block of columns
    int64_t block_m;
    int64_t n0, k0, k1, m0, m1;
  };

  static uint64_t bytes(double of) { return static_cast<uint64_t>(of); }

  // Loops from outside: columns by blocks, depth, blocks of A, panels.
  BlockPosition place(int64_t unit) const {
    const int64_t of_block = ks_ * ms_ * panels_of_block_;
    const int64_t block = unit / of_block;
    int64_t rest = unit % of_block;
    const int64_t here = std::min(panels_of_block_, panels_ - block * panels_of_block_);
    const int64_t k = rest / (ms_ * here);
    rest %= ms_ * here;
    BlockPosition at;
    at.block_m = rest / here;
    at.panel = rest % here;
    at.n0 = q_.n0 + (block * panels_of_block_ + at.panel) * nr_;
    at.k0 = k * kc_;
    at.k1 = std::min(q_.k, at.k0 + kc_);
    at.m0 = q_.m0 + at.block_m * mc_;
    at.m1 = std::min(q_.m1, at.m0 + mc_);
    return at;
  }

  BlockedProduct q_;
  Processor p_;
  int64_t nr_, kc_, mc_, nc_, n_, m_, ks_, ms_, panels_of_block_, panels_;
};

class MatrixVector : public CoreWork {
 public:
  MatrixVector(const BlockedProduct& q, const Processor& p) : q_(q), p_(p) {}
  int64_t units() const override { return std::max<int64_t>(0, q_.m1 - q_.m0); }
  double accesses() const override {
    const double lines = q_.a.element_bytes / static_cast<double>(p_.line_bytes);
    return static_cast<double>(q_.k) * lines * (1 + static_cast<double>(q_.n)) + 1;
  }
  double weight(int64_t) const override { return 1; }

  void emit(int64_t unit, std::vector<Access>* out) const override {
    const int64_t row = q_.m0 + unit;
    Emitter e(p_, out);
    const auto per_line = std::max<int64_t>(
        1, static_cast<int64_t>(static_cast<double>(p_.line_bytes) / q_.a.element_bytes));
    const double vectors = std::max(1.0, static_cast<double>(per_line) / lanes(p_, q_.c));
    for (int64_t k = 0; k < q_.k; k += per_line) {
      e.touch(q_.a.at(row * q_.k + k), q_.a.kind);
      for (int64_t n = 0; n < q_.n; ++n) {
        e.work(vectors, vectors / static_cast<double>(p_.multiply_units));
        e.touch(q_.b.at(n * q_.k + k), q_.b.kind);
      }
    }
    for (int64_t n = 0; n < q_.n; ++n) {
      e.work(8);  // the sum over lanes
      e.touch(q_.c.at(n * q_.m + row), q_.c.kind, true);
    }
  }

 private:
  BlockedProduct q_;
  Processor p_;
};

class Tiled : public CoreWork {
 public:
  Tiled(const BlockedProduct& q, const Columns& b, int64_t first, int64_t stride,
        const Processor& p)
      : q_(q), b_(b), p_(p), first_(first), stride_(stride) {
    across_ = blocks(q.n, kTile);
    down_ = blocks(q.m, kTile);
    step_ = std::max<int64_t>(
        1, static_cast<int64_t>(static_cast<double>(p.line_bytes) / q.a.element_bytes));
  }
  int64_t units() const override {
    return std::max<int64_t>(0, blocks(across_ * down_ - first_, stride_));
  }
  double accesses() const override {
    return static_cast<double>(q_.k) / static_cast<double>(step_) *
           (kTile + static_cast<double>(step_) * kTile * q_.b.element_bytes /
                        static_cast<double>(p_.line_bytes));
  }
  double weight(int64_t) const override { return 1; }

  void emit(int64_t unit, std::vector<Access>* out) const override {
    const int64_t tile = first_ + unit * stride_;
    // Neighbours share columns of B.
    const int64_t m0 = tile % down_ * kTile, n0 = tile / down_ * kTile;
    const int64_t m1 = std::min(q_.m, m0 + kTile), n1 = std::min(q_.n, n0 + kTile);
    Emitter e(p_, out);
    const double rows = static_cast<double>(m1 - m0), columns = static_cast<double>(n1 - n0);
    const double lane = lanes(p_, q_.c);
    for (int64_t k0 = 0; k0 < q_.k; k0 += step_) {
      const int64_t k1 = std::min(q_.k, k0 + step_);
      for (int64_t m = m0; m < m1; ++m) {
        e.run(q_.a.at(m * q_.k + k0), static_cast<double>(k1 - k0) * q_.a.element_bytes, q_.a.kind);
      }
      for (int64_t k = k0; k < k1; ++k) {
        const int64_t tap = k % b_.taps;
        const auto wide = static_cast<int64_t>(columns * b_.step);
        int64_t from = k / b_.taps * b_.plane + tap / b_.kernel_w * b_.width +
                       tap % b_.kernel_w * b_.apart +
                       static_cast<int64_t>(static_cast<double>(n0) * b_.step);
        from = std::max<int64_t>(0, std::min(from, b_.elements - wide));
        e.run(q_.b.at(from), columns * b_.step * q_.b.element_bytes, q_.b.kind);
      }
      // The whole tile multiplies, also where the matrix ends.
      const double vectors = kTile * kTile * static_cast<double>(k1 - k0) / lane;
      e.work(vectors * 1.25, vectors / static_cast<double>(p_.multiply_units));
    }
    for (int64_t m = m0; m < m1 && rows > 0; ++m) {
      e.run(q_.c.at(m * q_.n + n0), columns * q_.c.element_bytes, q_.c.kind, true, 4);
    }
  }

 private:
  static constexpr int64_t kTile = 128;
  BlockedProduct q_;
  Columns b_;
  Processor p_;
  int64_t first_, stride_, across_, down_, step_;
};

}  // namespace

std::unique_ptr<CoreWork> blocked_product(const BlockedProduct& q, const Processor& p) {
  return std::make_unique<Blocked>(q, p);
}
std::unique_ptr<CoreWork> matrix_vector(const BlockedProduct& q, const Processor& p) {
  return std::make_unique<MatrixVector>(q, p);
}
std::unique_ptr<CoreWork> tiled_product(const BlockedProduct& q, const Columns& columns,
                                        int64_t first_tile, int64_t tile_stride,
                                        const Processor& p) {
  return std::make_unique<Tiled>(q, columns, first_tile, tile_stride, p);
}

}  // namespace eden
