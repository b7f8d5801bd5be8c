// What a layer is made of on a processor: its kernels, shared among the cores.

#include <algorithm>

#include "csrc/core/processor/layers.h"
#include "csrc/core/systems/tiling.h"

namespace eden {
namespace {

constexpr int64_t kFewColumns = 8;  // a product of so few is one of vectors

std::pair<int64_t, int64_t> share(int64_t of, int64_t core, int64_t cores, int64_t unit = 1) {
  const int64_t units = (of + unit - 1) / unit;
  return {std::min(of, units * core / cores * unit),
          std::min(of, units * (core + 1) / cores * unit)};
}

double bytes_of(int64_t elements, int64_t bits) {
  return static_cast<double>(elements) * static_cast<double>(bits) / 8;
}

}  // namespace

Phase ProcessorRun::product(const BlockedProduct& whole) {
  Phase phase;
  const int64_t line = std::max<int64_t>(
      1, static_cast<int64_t>(static_cast<double>(p_.line_bytes) / whole.b.element_bytes));
  for (int64_t core = 0; core < p_.cores; ++core) {
    BlockedProduct q = whole;
    const auto index = static_cast<std::size_t>(core);
    if (kernel_ != Kernel::kTiled) {
      q.packed_a = packed_a_[index];
      q.packed_b = packed_b_[index];
    }
    if (whole.n <= kFewColumns) {
      std::tie(q.m0, q.m1) = share(whole.m, core, p_.cores);
      phase.cores.push_back(matrix_vector(q, p_));
    } else if (kernel_ == Kernel::kTiled) {
      phase.cores.push_back(
          tiled_product(q, {1, whole.n, 1, 0, 1, 1, whole.k * whole.n}, core, p_.cores, p_));
    } else {
      // Cores share the longer side.
      const bool columns = whole.n >= whole.m;
      std::tie(q.n0, q.n1) =
          columns ? share(whole.n, core, p_.cores, line) : std::pair{int64_t{0}, whole.n};
      std::tie(q.m0, q.m1) =
          columns ? std::pair{int64_t{0}, whole.m} : share(whole.m, core, p_.cores, 6);
      phase.cores.push_back(blocked_product(q, p_));
    }
  }
  return phase;
}

Phase ProcessorRun::direct(const Layer& l, int64_t image, const Array& weight, const Array& in,
                           const Array& out) {
  Direct d;
  d.in_channels = l.in_channels / l.groups;
  d.out_channels = l.out_channels;
  d.in_h = l.in_h, d.in_w = l.in_w, d.out_h = l.out_h, d.out_w = l.out_w;
  d.kernel_h = l.kernel_h, d.kernel_w = l.kernel_w;
  d.stride_h = l.stride_h, d.stride_w = l.stride_w;
  d.dilation_h = l.dilation_h, d.pad_h = l.pad_h;
  d.depthwise = l.kind == LayerKind::kDepthwise;
  if (d.depthwise) d.in_channels = l.in_channels;
  d.weight = weight, d.in = in, d.out = out;
  d.in.base = in.at(image * l.in_channels * l.in_h * l.in_w);
  d.out.base = out.at(image * l.out_channels * l.out_h * l.out_w);
  const int64_t block = std::max<int64_t>(1, p_.line_bytes / 4);
  const int64_t units = (l.out_channels + block - 1) / block * l.out_h;
  Phase phase;
  for (int64_t core = 0; core < p_.cores; ++core) {
    std::tie(d.unit0, d.unit1) = share(units, core, p_.cores);
    phase.cores.push_back(direct_convolution(d, p_));
  }
  return phase;
}

std::vector<Phase> ProcessorRun::plan_convolution(const Layer& l, const Array& weight,
                                                  const Array& in, const Array& out) {
  std::vector<Phase> phases;
  const int64_t area = l.out_h * l.out_w, taps = l.kernel_h * l.kernel_w;
  const bool tiled = kernel_ == Kernel::kTiled;
  if (l.kind == LayerKind::kDepthwise || (kernel_ == Kernel::kDirect && l.groups == 1)) {
    for (int64_t i = 0; i < l.batch; ++i) phases.push_back(direct(l, i, weight, in, out));
    return phases;
  }
  // Images side by side are columns of one matrix; where a kernel is one pixel, one image is it.
  const bool as_it_is =
      taps == 1 && l.stride_h == 1 && l.stride_w == 1 && l.pad_h == 0 && l.batch == 1;
  const int64_t columns = tiled ? area : l.pixels();
  Array matrix = in;
  if (!tiled && !as_it_is) {
    const double bytes = bytes_of(l.depth() * columns, l.input_bits);
    matrix = {allocate(bytes), in.element_bytes, Kind::kScratch};
  }
  for (int64_t g = 0; g < l.groups; ++g) {
    Array of_group = in;
    of_group.base = in.at(g * (l.in_channels / l.groups) * l.in_h * l.in_w);
    for (int64_t i = 0; i < l.batch && !tiled && !as_it_is; ++i) {
      Unfold u{l.in_h,     l.in_w,     l.out_h,      l.out_w,      l.kernel_h, l.kernel_w,
               l.stride_h, l.stride_w, l.dilation_h, l.dilation_w, l.pad_h,    l.pad_w,
               0,          0,          columns,      i * area,     of_group,   matrix};
      u.in.base = of_group.at(i * l.in_channels * l.in_h * l.in_w);
      Phase phase;
      for (int64_t core = 0; core < p_.cores; ++core) {
        std::tie(u.row0, u.row1) = share(l.depth(), core, p_.cores);
        phase.cores.push_back(unfold(u, p_));
      }
      phases.push_back(std::move(phase));
    }
    BlockedProduct q;
    q.m = l.filters(), q.n = columns, q.k = l.depth();
    q.a = weight, q.b = as_it_is || tiled ? of_group : matrix, q.c = out;
    q.a.base = weight.at(g * q.m * q.k);
    q.c.base = out.at(g * q.m * q.n);
    if (!tiled) {
      phases.push_back(product(q));
      continue;
    }
    for (int64_t i = 0; i < l.batch; ++i) {
      BlockedProduct of_image = q;
      of_image.b.base = of_group.at(i * l.in_channels * l.in_h * l.in_w);
      of_image.c.base = out.at((i * l.out_channels + g * q.m) * area);
      const Columns c{taps,
                      l.in_h * l.in_w,
                      static_cast<double>(l.in_h * l.in_w) / static_cast<double>(area),
                      l.in_w * l.dilation_h,
                      l.kernel_w,
                      l.dilation_w,
                      l.in_channels / l.groups * l.in_h * l.in_w};
      Phase phase;
      for (int64_t core = 0; core < p_.cores; ++core) {
        phase.cores.push_back(tiled_product(of_image, c, core, p_.cores, p_));
      }
      phases.push_back(std::move(phase));
    }
  }
  return phases;
}

std::vector<Phase> ProcessorRun::plan(const Layer& l) {
  const double in_bytes = bytes_of(l.input_elements, l.input_bits);
  // A layer reads what the one before wrote, where it is as much; pooled or joined maps lie in it.
  const bool follows = out_bytes_ >= in_bytes && out_bytes_ > 0;
  const Array in{follows ? out_base_ : allocate(in_bytes), static_cast<double>(l.input_bits) / 8,
                 Kind::kInput};
  out_bytes_ = bytes_of(l.output_elements, l.output_bits);
  out_base_ = allocate(out_bytes_);
  const Array weight{allocate(bytes_of(l.weight_elements, l.weight_bits)),
                     static_cast<double>(l.weight_bits) / 8, Kind::kWeight};
  const Array out{out_base_, static_cast<double>(l.output_bits) / 8, Kind::kOutput};
  if (is_convolution(l)) return plan_convolution(l, weight, in, out);
  std::vector<Phase> phases;
  if (l.kind == LayerKind::kRecurrent) return plan_recurrent(l, weight, in, out);
  if (l.kind == LayerKind::kOther || l.weight_elements < l.in_channels) {
    phases.emplace_back();
    phases.back().cores.push_back(copy(weight, l.weight_bytes(), out, 0, p_));
    phases.emplace_back();
    phases.back().cores.push_back(copy(in, l.input_bytes(), out, l.output_bytes(), p_));
    return phases;
  }
  // Weights as rows of a matrix over the features of an input; of attention the products of
  // feature maps are left out.
  const Product p = product_of(l);
  BlockedProduct q;
  q.m = p.filters, q.n = p.pixels, q.k = p.depth;
  q.a = weight, q.b = in, q.c = out;
  phases.push_back(product(q));
  return phases;
}

// Gates of the inputs of all steps in one product; then in each step those of the state, which add
// to them, and the state that follows. The first step may find its weights outside the caches; the
// second stands for all that follow.
std::vector<Phase> ProcessorRun::plan_recurrent(const Layer& l, const Array& weight,
                                                const Array& in, const Array& out) {
  const Product p = product_of(l);
  const int64_t gates = p.filters * p.pixels, state = l.out_channels * p.pixels;
  const Array sums{allocate(bytes_of(gates * l.steps, l.output_bits)), out.element_bytes,
                   Kind::kScratch};
  BlockedProduct q;
  q.m = p.filters, q.n = p.pixels * l.steps, q.k = l.in_channels;
  q.a = weight, q.b = in, q.c = sums;
  std::vector<Phase> phases;
  phases.push_back(product(q));
  q.n = p.pixels, q.k = l.out_channels;
  q.a.base = weight.at(p.filters * l.in_channels);
  q.b = out, q.b.kind = Kind::kScratch;
  for (int64_t step = 0; step < std::min<int64_t>(l.steps, 2); ++step) {
    Array next = out;
    next.base = out.at(step * state), q.c.base = sums.at(step * gates);
    phases.push_back(product(q));
    phases.emplace_back();
    phases.back().cores.push_back(copy(q.c, static_cast<int64_t>(bytes_of(gates, l.output_bits)),
                                       next, static_cast<int64_t>(bytes_of(state, l.output_bits)),
                                       p_));
    if (step == 0) continue;
    for (Phase* phase : {&phases.back() - 1, &phases.back()}) {
      phase->times = static_cast<double>(l.steps - 1);
    }
  }
  return phases;
}

}  // namespace eden
