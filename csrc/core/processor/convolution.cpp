// Convolutions: im2col, and directly.

#include <algorithm>

#include "csrc/core/processor/emit.h"

namespace eden {
namespace {

class Unfolded : public CoreWork {
 public:
  Unfolded(const Unfold& u, const Processor& p) : u_(u), p_(p) {}
  int64_t units() const override { return std::max<int64_t>(0, u_.row1 - u_.row0); }
  double accesses() const override {
    return 2 * static_cast<double>(u_.out_h * u_.out_w) * u_.out.element_bytes /
               static_cast<double>(p_.line_bytes) +
           2 * static_cast<double>(u_.out_h);
  }
  double weight(int64_t) const override { return 1; }

  void emit(int64_t unit, std::vector<Access>* out) const override {
    const int64_t row = u_.row0 + unit, taps = u_.kernel_h * u_.kernel_w;
    const int64_t channel = row / taps, tap = row % taps;
    Emitter e(p_, out);
    const double row_bytes = static_cast<double>(u_.out_w) * u_.out.element_bytes;
    // A copy of rows in vectors if they lie beside each other, else an element at a time.
    const double a_vector = u_.stride_w == 1 ? lanes(p_, u_.out) : 1;
    const double moves = 2 * static_cast<double>(u_.out_w) / a_vector;
    for (int64_t y = 0; y < u_.out_h; ++y) {
      const int64_t in_y = y * u_.stride_h + tap / u_.kernel_w * u_.dilation_h - u_.pad_h;
      const int64_t in_x = std::max<int64_t>(0, tap % u_.kernel_w * u_.dilation_w - u_.pad_w);
      e.work(moves + 4);
      if (in_y >= 0 && in_y < u_.in_h) {
        const int64_t wide = std::min(u_.in_w - in_x, u_.out_w * u_.stride_w);
        e.run(u_.in.at((channel * u_.in_h + in_y) * u_.in_w + in_x),
              static_cast<double>(wide) * u_.in.element_bytes, u_.in.kind);
      }
      e.run(u_.out.at(row * u_.columns + u_.column0 + y * u_.out_w), row_bytes, u_.out.kind, true);
    }
  }

 private:
  Unfold u_;
  Processor p_;
};

class DirectConvolution : public CoreWork {
 public:
  DirectConvolution(const Direct& d, const Processor& p) : d_(d), p_(p) {
    block_ = std::max<int64_t>(1, p.line_bytes / 4);
  }
  int64_t units() const override { return std::max<int64_t>(0, d_.unit1 - d_.unit0); }
  double accesses() const override {
    const double lines = static_cast<double>(block_) / static_cast<double>(p_.line_bytes);
    const double in = static_cast<double>(d_.in_w * d_.kernel_h) * d_.in.element_bytes;
    const double weights =
        static_cast<double>(d_.kernel_h * d_.kernel_w * block_) * d_.weight.element_bytes;
    return 1 + lines * (static_cast<double>(in_blocks()) * (in + (d_.depthwise ? 0 : weights)) +
                        static_cast<double>(d_.out_w) * d_.out.element_bytes);
  }
  double weight(int64_t) const override { return 1; }

  void emit(int64_t unit, std::vector<Access>* out) const override {
    const int64_t block = (d_.unit0 + unit) / d_.out_h, y = (d_.unit0 + unit) % d_.out_h;
    Emitter e(p_, out);
    const double depth = d_.depthwise ? 1 : static_cast<double>(std::min(block_, d_.in_channels));
    const double vectors = std::max(1.0, static_cast<double>(block_) / lanes(p_, d_.out));
    const double row = static_cast<double>(d_.out_w * d_.kernel_w) * depth * vectors;
    const auto width = static_cast<double>(std::min(block_, d_.in_channels));
    for (int64_t b = 0; b < in_blocks(); ++b) {
      const int64_t from = d_.depthwise ? block : b;
      for (int64_t k = 0; k < d_.kernel_h; ++k) {
        const int64_t in_y = y * d_.stride_h + k * d_.dilation_h - d_.pad_h;
        if (in_y < 0 || in_y >= d_.in_h) continue;
        const auto lines = static_cast<double>(d_.in_w) * width * d_.in.element_bytes /
                           static_cast<double>(p_.line_bytes);
        const double each = row / std::max(1.0, lines);
        e.run(d_.weight.at(((block * in_blocks() + b) * d_.kernel_h + k) * d_.kernel_w *
                           (d_.depthwise ? 1 : block_) * block_),
              static_cast<double>(d_.kernel_w * block_) * depth * d_.weight.element_bytes,
              d_.weight.kind, false, 1);
        e.run(d_.in.at((from * d_.in_h + in_y) * d_.in_w * static_cast<int64_t>(width)),
              static_cast<double>(d_.in_w) * width * d_.in.element_bytes, d_.in.kind, false,
              each * 1.25, each / static_cast<double>(p_.multiply_units));
      }
    }
    const int64_t filters = std::min(block_, d_.out_channels);
    e.run(d_.out.at((block * d_.out_h + y) * d_.out_w * filters),
          static_cast<double>(d_.out_w * filters) * d_.out.element_bytes, d_.out.kind, true, 2);
  }

 private:
  int64_t in_blocks() const { return d_.depthwise ? 1 : (d_.in_channels + block_ - 1) / block_; }
  Direct d_;
  Processor p_;
  int64_t block_;
};

}  // namespace

std::unique_ptr<CoreWork> unfold(const Unfold& u, const Processor& p) {
  return std::make_unique<Unfolded>(u, p);
}
std::unique_ptr<CoreWork> direct_convolution(const Direct& d, const Processor& p) {
  return std::make_unique<DirectConvolution>(d, p);
}

}  // namespace eden
