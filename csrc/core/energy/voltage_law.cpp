#include "csrc/core/energy/voltage_law.h"

#include "csrc/core/fields/fields.h"

namespace eden {

VoltageLaw voltage_law(const std::string& name) {
  if (name == "linear") return VoltageLaw::kLinear;
  if (name == "cv2") return VoltageLaw::kCv2;
  if (name == "array") return VoltageLaw::kArray;
  refuse("", "voltage law", shown_text(name), "linear, cv2, array");
}

LawFactors factors(VoltageLaw law, double ratio) {
  const double cells = law == VoltageLaw::kLinear ? ratio : ratio * ratio;
  return {cells, law == VoltageLaw::kArray ? 1 : cells};
}

}  // namespace eden
