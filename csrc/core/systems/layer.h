#pragma once

#include <cstdint>
#include <string>

#include "csrc/core/fields/fields.h"

namespace eden {

// What a layer computes. Depthwise is a convolution of one input channel a group; linear has one
// pixel for each row of its input; recurrent runs linear layers of its input and its state once a
// step; attention is four linear layers and two products of feature maps. Of `kOther` only the
// bytes are known.
enum class LayerKind { kConv, kDepthwise, kLinear, kRecurrent, kAttention, kOther };

// By name: conv, depthwise, linear, recurrent, attention, other. Throws std::invalid_argument.
LayerKind layer_kind(const std::string& name);
const char* name_of(LayerKind kind);

// One call of a module, of the whole batch: its shapes, what its tensors hold and how that is
// stored. Everything a system needs to know of a network is a list of these, in order of calls.
struct Layer {
  std::string name;
  LayerKind kind = LayerKind::kOther;
  int64_t batch = 1;
  int64_t in_channels = 1;  // over all groups; features of a linear layer
  int64_t in_h = 1;         // of a feature map, without padding
  int64_t in_w = 1;
  int64_t kernel_h = 1;
  int64_t kernel_w = 1;
  int64_t stride_h = 1;
  int64_t stride_w = 1;
  int64_t dilation_h = 1;
  int64_t dilation_w = 1;
  int64_t pad_h = 0;  // on each side
  int64_t pad_w = 0;
  int64_t groups = 1;
  int64_t out_channels = 1;
  int64_t out_h = 1;
  int64_t out_w = 1;
  int64_t steps = 1;  // that depend on each other: of a recurrent layer its time steps
  // Elements as they were seen; no biases. Inputs and outputs of the whole batch, weights once.
  int64_t weight_elements = 0;
  int64_t input_elements = 0;
  int64_t output_elements = 0;
  // As stored, of one element.
  int64_t weight_bits = 8;
  int64_t input_bits = 8;
  int64_t output_bits = 8;
  int64_t macs = 0;  // multiply-accumulates of the batch; 0 where they are not known
  // What never goes through DRAM.
  bool weight_on_chip = false;
  bool input_on_chip = false;
  bool output_on_chip = false;

  int64_t weight_bytes() const { return (weight_elements * weight_bits + 7) / 8; }
  int64_t input_bytes() const { return (input_elements * input_bits + 7) / 8; }
  int64_t output_bytes() const { return (output_elements * output_bits + 7) / 8; }
  int64_t reach_h() const { return (kernel_h - 1) * dilation_h + 1; }  // rows of a kernel
  // As a product of matrices, once for each group: [pixels, depth] x [depth, filters].
  int64_t pixels() const { return batch * out_h * out_w; }
  int64_t depth() const { return in_channels / groups * kernel_h * kernel_w; }
  int64_t filters() const { return out_channels / groups; }
};

template <>
struct FieldsOf<Layer> {
  using T = Layer;
  static constexpr double kSide = 1 << 24;
  static constexpr double kElements = 1LL << 48;
  static constexpr Field<T> list[] = {
      {"batch", &T::batch, 1, kSide},
      {"in_channels", &T::in_channels, 1, kSide},
      {"in_h", &T::in_h, 1, kSide},
      {"in_w", &T::in_w, 1, kSide},
      {"kernel_h", &T::kernel_h, 1, kSide},
      {"kernel_w", &T::kernel_w, 1, kSide},
      {"stride_h", &T::stride_h, 1, kSide},
      {"stride_w", &T::stride_w, 1, kSide},
      {"dilation_h", &T::dilation_h, 1, kSide},
      {"dilation_w", &T::dilation_w, 1, kSide},
      {"pad_h", &T::pad_h, 0, kSide},
      {"pad_w", &T::pad_w, 0, kSide},
      {"groups", &T::groups, 1, kSide},
      {"out_channels", &T::out_channels, 1, kSide},
      {"out_h", &T::out_h, 1, kSide},
      {"out_w", &T::out_w, 1, kSide},
      {"steps", &T::steps, 1, kSide},
      {"weight_elements", &T::weight_elements, 0, kElements},
      {"input_elements", &T::input_elements, 0, kElements},
      {"output_elements", &T::output_elements, 0, kElements},
      {"weight_bits", &T::weight_bits, 1, 64},
      {"input_bits", &T::input_bits, 1, 64},
      {"output_bits", &T::output_bits, 1, 64},
      {"macs", &T::macs, 0, 4e18},
      {"weight_on_chip", &T::weight_on_chip},
      {"input_on_chip", &T::input_on_chip},
      {"output_on_chip", &T::output_on_chip},
  };
};

// Throws std::invalid_argument, one line that names the layer, for a number outside its limits,
// channels that do not divide by the groups, and weights, inputs or outputs of a convolution,
// depthwise or linear layer that are not as many as its shapes say.
void check(const Layer& layer);

}  // namespace eden
