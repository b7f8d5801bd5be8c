#include "csrc/core/systems/layer.h"

#include <algorithm>
#include <iterator>

namespace eden {
namespace {

constexpr const char* kNames[] = {"conv", "depthwise", "linear", "recurrent", "attention", "other"};

void check_elements(const std::string& where, const char* key, int64_t elements, double by_shape) {
  if (static_cast<double>(elements) == by_shape) return;
  refuse(where, key, elements,
         std::to_string(static_cast<int64_t>(by_shape)) + ", as its shapes say");
}

double product(std::initializer_list<int64_t> sides) {
  double all = 1;
  for (const int64_t side : sides) all *= static_cast<double>(side);
  return all;
}

}  // namespace

LayerKind layer_kind(const std::string& name) {
  const auto* found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found != std::end(kNames)) return static_cast<LayerKind>(found - std::begin(kNames));
  refuse("", "kind", shown_text(name), "conv, depthwise, linear, recurrent, attention, other");
}

const char* name_of(LayerKind kind) { return kNames[static_cast<int>(kind)]; }

void check(const Layer& l) {
  const std::string where = "layer " + l.name + ": ";
  check_fields(l, where);
  for (const auto& [key, channels] :
       {std::pair{"in_channels", l.in_channels}, std::pair{"out_channels", l.out_channels}}) {
    if (channels % l.groups != 0) {
      refuse(where, key, channels, "a multiple of its " + std::to_string(l.groups) + " groups");
    }
  }
  if (l.kind == LayerKind::kDepthwise && l.groups != l.in_channels) {
    refuse(where, "groups", l.groups, "its in_channels, as it is depthwise");
  }
  if (l.kind != LayerKind::kConv && l.kind != LayerKind::kDepthwise &&
      l.kind != LayerKind::kLinear) {
    return;
  }
  check_elements(where, "weight_elements", l.weight_elements,
                 product({l.out_channels, l.in_channels / l.groups, l.kernel_h, l.kernel_w}));
  check_elements(where, "input_elements", l.input_elements,
                 product({l.batch, l.in_channels, l.in_h, l.in_w}));
  check_elements(where, "output_elements", l.output_elements,
                 product({l.batch, l.out_channels, l.out_h, l.out_w}));
  check_elements(where, "macs", l.macs,
                 product({l.batch, l.out_h, l.out_w, l.out_channels, l.in_channels / l.groups,
                          l.kernel_h, l.kernel_w}));
}

}  // namespace eden
