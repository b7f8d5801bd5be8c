#include "csrc/ops/protect.h"

#include <string>

#include "csrc/ops/checks.h"
#include "kernels/access/check.h"
#include "kernels/formats/dispatch.h"
#include "kernels/protection/secded.h"

namespace eden::ops {

using torch::headeronly::ScalarType;

ImageParams make_image_params(const ImageArguments& arguments) {
  const auto& [op, x, scale, bounds, stored, correction, copies, embedded, planes] = arguments;
  ImageParams image{};
  InjectParams& p = image.coding;
  p.element = element_of(op, x);
  STD_TORCH_CHECK(p.element < ElementType::kRaw8, "eden::", op, ": x must be floating point");
  check_dense(op, "x", x, x.scalar_type());
  STD_TORCH_CHECK(copies >= 1 && x.numel() % copies == 0, "eden::", op, ": copies is ", copies,
                  ", must be at least 1 and divide the number of elements, ", x.numel());
  if (scale.has_value()) {
    check_beside(op, "scale", *scale, ScalarType::Float, x);
    p.scales = static_cast<const float*>(scale->const_data_ptr());
    p.scale_count = scale->numel();
  }
  if (bounds.has_value()) {
    check_beside(op, "bounds", *bounds, ScalarType::Float, x);
    STD_TORCH_CHECK(bounds->numel() == 2, "eden::", op, ": bounds must have shape [2]");
    p.bounds = static_cast<const float*>(bounds->const_data_ptr());
  }
  p.elements = x.numel() / copies;
  p.copies = copies;
  p.row_bytes = 8192;  // not read, like all that is about cells
  p.lookup = Lookup::kCell;
  p.stored = static_cast<Stored>(stored);
  p.correction = static_cast<Correction>(correction);
  std::string problem = problem_of_coding(p);
  if (problem.empty() && x.is_cpu()) problem = problem_of_arrays(p);
  STD_TORCH_CHECK(problem.empty(), "eden::", op, ": ", problem);
  const int most = most_embedded(p.stored);
  STD_TORCH_CHECK(embedded >= 0 && embedded <= most, "eden::", op, ": embedded is ", embedded,
                  ", must be from 0 to ", most, " in this format");
  image.embedded = static_cast<int>(embedded);
  image.planes = planes;
  return image;
}

int64_t image_bytes_of(const ImageParams& p) {
  return image_bytes(p.coding.elements, stored_bits(p.coding.element, p.coding.stored), p.planes);
}

void check_image(const Tensor& image, const Tensor& x, const ImageParams& params) {
  check_beside("decode_image", "image", image, ScalarType::Byte, x);
  const int64_t size = image_bytes_of(params) * params.coding.copies;
  STD_TORCH_CHECK(image.numel() == size, "eden::decode_image: image has ", image.numel(),
                  " bytes, must have ", size);
}

void check_secded(const Tensor& image) {
  check_dense("secded_check", "image", image, ScalarType::Byte);
  STD_TORCH_CHECK(image.dim() == 2, "eden::secded_check: image must have shape [copies, bytes]");
}

void check_secded_correct(const Tensor& image, const Tensor& check, const Tensor& counts) {
  check_dense("secded_correct", "image", image, ScalarType::Byte);
  STD_TORCH_CHECK(image.dim() == 2, "eden::secded_correct: image must have shape [copies, bytes]");
  check_beside("secded_correct", "check", check, ScalarType::Byte, image, "image");
  const int64_t words = secded_words(image.size(1)) * image.size(0);
  STD_TORCH_CHECK(check.numel() == words, "eden::secded_correct: check has ", check.numel(),
                  " bytes, must have one a word: ", words);
  check_beside("secded_correct", "counts", counts, ScalarType::Long, image, "image");
  STD_TORCH_CHECK(counts.numel() == 2, "eden::secded_correct: counts must have shape [2]");
}

}  // namespace eden::ops
