#pragma once

#include <cstdint>

namespace eden {

// The words [begin, end) of those of all copies, each copy of `size` bytes.
void secded_check_cpu(const uint8_t* bytes,  // [copies, size]
                      int64_t size, int64_t begin, int64_t end,
                      uint8_t* check);  // [copies, words]

void secded_correct_cpu(const uint8_t* bytes,  // [copies, size]
                        const uint8_t* check,  // [copies, words]
                        int64_t size, int64_t begin, int64_t end,
                        uint8_t* out,      // [copies, size]
                        int64_t* counts);  // [2] corrected and detected words are added

}  // namespace eden
