#include "kernels/cuda/architectures.h"
#include "tests/cpp/catch.h"

TEST_CASE("a GPU without a kernel is told what was built and what to do") {
  const int three[] = {800, 900, 1000};
  const std::string text = eden::unsuited_text(750, three);
  CHECK(text.find("capability 7.5, eden was built for 8.0, 9.0 and 10.0:") != std::string::npos);
  CHECK(text.find("TORCH_CUDA_ARCH_LIST=7.5 EDEN_CUDA=1 pip install") != std::string::npos);
  CHECK(text.find('\n') == std::string::npos);
  const int one[] = {900}, two[] = {900, 1210};
  CHECK(eden::unsuited_text(800, one).find("built for 9.0:") != std::string::npos);
  CHECK(eden::unsuited_text(800, two).find("built for 9.0 and 12.1:") != std::string::npos);
}
