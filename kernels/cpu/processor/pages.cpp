#include "kernels/cpu/processor/pages.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace eden {

void ask_for_huge_pages(void* memory, int64_t bytes) {
#if defined(MADV_HUGEPAGE)
  constexpr uintptr_t kHugePage = uintptr_t{1} << 21;
  constexpr int64_t kLeastBytes = 2 * kHugePage;  // less is not worth the system call
  if (bytes < kLeastBytes) return;
  // Only pages that lie wholly within: the rest of the others is not ours.
  const uintptr_t from = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t begin = (from + kHugePage - 1) / kHugePage * kHugePage;
  const uintptr_t end = (from + static_cast<uintptr_t>(bytes)) / kHugePage * kHugePage;
  // A wish: where it is refused, the memory is what it was.
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#else
  static_cast<void>(memory);
  static_cast<void>(bytes);
#endif
}

}  // namespace eden
