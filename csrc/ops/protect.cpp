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
  p.element = float_of(op, "x", x);
  check_dense(op, "x", x, x.scalar_type());
  check_copies(op, copies, x);
  if (scale.has_value()) {
    check_beside(op, "scale", *scale, ScalarType::Float, x);
    p.scales = static_cast<const float*>(scale->const_data_ptr());
    p.scale_count = scale->numel();
  }
  if (bounds.has_value()) {
    check_beside(op, "bounds", *bounds, ScalarType::Float, x);
    check_count(op, "bounds", *bounds, 2);
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
  STD_TORCH_CHECK(embedded >= 0 && embedded <= most,
                  refused(op, "embedded", embedded, "0 to ", most, " in this format"));
  image.embedded = static_cast<int>(embedded);
  image.planes = planes;
  return image;
}

int64_t image_bytes_of(const ImageParams& p) {
  return image_bytes(p.coding.elements, stored_bits(p.coding.element, p.coding.stored), p.planes);
}

void check_image(const Tensor& image, const Tensor& x, const ImageParams& params) {
  check_beside("decode_image", "image", image, ScalarType::Byte, x);
  check_count("decode_image", "image", image, image_bytes_of(params) * params.coding.copies);
}

namespace {

void check_image_shape(const char* op, const Tensor& image) {
  check_dense(op, "image", image, ScalarType::Byte);
  STD_TORCH_CHECK(image.dim() == 2,
                  refused(op, "shape of image", shape_of(image), "[copies, bytes]"));
}

}  // namespace

void check_secded(const Tensor& image) { check_image_shape("secded_check", image); }

void check_secded_correct(const Tensor& image, const Tensor& check, const Tensor& counts) {
  check_image_shape("secded_correct", image);
  check_beside("secded_correct", "check", check, ScalarType::Byte, image, "image");
  const int64_t words = secded_words(image.size(1)) * image.size(0);
  STD_TORCH_CHECK(check.numel() == words, refused("secded_correct", "number of elements of check",
                                                  check.numel(), words, ", one a word of 8 bytes"));
  check_beside("secded_correct", "counts", counts, ScalarType::Long, image, "image");
  check_count("secded_correct", "counts", counts, 2);
}

}  // namespace eden::ops
