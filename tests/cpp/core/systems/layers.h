#pragma once

#include "csrc/core/systems/layer.h"

namespace eden {

// A convolution of one byte an element, without padding.
inline Layer convolution(int64_t side, int64_t channels, int64_t kernel, int64_t filters,
                         int64_t groups = 1, int64_t batch = 1) {
  Layer l;
  l.name = "conv";
  l.kind = groups > 1 && groups == channels ? LayerKind::kDepthwise : LayerKind::kConv;
  l.batch = batch;
  l.in_channels = channels;
  l.in_h = l.in_w = side;
  l.kernel_h = l.kernel_w = kernel;
  l.groups = groups;
  l.out_channels = filters;
  l.out_h = l.out_w = side - kernel + 1;
  l.weight_elements = filters * channels / groups * kernel * kernel;
  l.input_elements = batch * channels * side * side;
  l.output_elements = batch * filters * l.out_h * l.out_w;
  l.macs = l.output_elements * l.depth();
  return l;
}

inline Layer linear(int64_t batch, int64_t depth, int64_t filters) {
  Layer l;
  l.name = "fc";
  l.kind = LayerKind::kLinear;
  l.batch = batch;
  l.in_channels = depth;
  l.out_channels = filters;
  l.weight_elements = depth * filters;
  l.input_elements = batch * depth;
  l.output_elements = batch * filters;
  l.macs = batch * depth * filters;
  return l;
}

}  // namespace eden
