#include "csrc/core/devices/currents.h"

#include <algorithm>

namespace eden {

void check(const Currents& c, std::string_view where) {
  check_fields(c, where);
  // The energy of a command is its current above standby: below it, it would be negative.
  check_number(where, "idd0_amperes", c.idd0, std::max(c.idd2n, c.idd3n), kMaxAmperes);
  check_number(where, "idd4r_amperes", c.idd4r, c.idd3n, kMaxAmperes);
  check_number(where, "idd4w_amperes", c.idd4w, c.idd3n, kMaxAmperes);
  check_number(where, "idd5_amperes", c.idd5, c.idd3n, kMaxAmperes);
}

}  // namespace eden
