#include <cstdint>
#include <string>
#include <vector>

#include "kernels/access/check.h"
#include "tests/cpp/catch.h"

// What only a caller of the kernels can ask for; all else is tested through the op.

using namespace eden;

namespace {

InjectParams accepted() {
  static float memory[2][16];
  InjectParams p{};
  p.input = memory[0];
  p.output = memory[1];
  p.entries = 1;
  p.elements = 8;
  p.copies = 2;
  p.row_bytes = 8192;
  return p;
}

std::string problem(const InjectParams& p) { return problem_of(p, 4 * 8 * 2); }

}  // namespace

TEST_CASE("numbers whose products would overflow are refused", "[check]") {
  InjectParams p = accepted();
  CHECK(problem(p) == "");
  p.elements = INT64_MAX / 16;
  CHECK(problem(p) == "elements is 576460752303423487, accepted: 0 to 2^56 / copies");
  p.elements = -1;
  CHECK(problem(p) == "elements is -1, accepted: 0 to 2^56 / copies");
  p = accepted();
  p.first_copy = INT64_MAX - 2;  // its last copy is INT64_MAX - 1
  CHECK(problem(p) == "");
  p.first_copy = INT64_MAX - 1;
  CHECK(problem(p) == "first_copy is 9223372036854775806, accepted: 0 to 2^63 - 1 - copies");
}

TEST_CASE("a scale without an integer format is refused", "[check]") {
  const float scale = 1.0f;
  InjectParams p = accepted();
  p.scales = &scale;
  p.scale_count = 3;  // does not divide the elements: would be read past its end
  CHECK(problem(p) == "scale is given, accepted: none, as only integer formats have one");
  p.element = ElementType::kRaw32;
  CHECK(problem(p) == "scale is given, accepted: none, as only integer formats have one");
}

TEST_CASE("known cells out of order are refused, those of other tensors are not looked at",
          "[check]") {
  // Bits 640 to 895: 8 floats from byte 80 on.
  std::vector<TableEntry> table{{630, 0, 0, 0}, {640, 0, 0, 0}, {895, 0, 0, 0}, {5, 0, 0, 0}};
  InjectParams p = accepted();
  p.lookup = Lookup::kKnown;
  p.table = table.data();
  p.entries = 3;
  p.address = 80;
  CHECK(problem(p) == "");
  CHECK(problem_of_arrays(p) == "");
  table[2].stress = 640;
  CHECK(problem_of_arrays(p) == "bit address of table[2] is 640, accepted: above those before it");
  p.entries = 0;
  CHECK(problem(p) == "");
  CHECK(problem_of_arrays(p) == "");
}
