#pragma once

#include <cstdint>

namespace eden {

// Asks for pages of 2 MiB under memory that has just been allocated and is written next: the system
// then has one page to find and zero where it had 512. Where it has none to give nothing changes.
void ask_for_huge_pages(void* memory, int64_t bytes);

}  // namespace eden
