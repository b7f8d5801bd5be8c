#pragma once

namespace eden {

// Instruction sets that the loops are written for. All give the same bits.
enum class Isa : int { kPortable = 0, kAvx2 = 1, kAvx512 = 2 };

// The best that this processor has; the environment variable EDEN_ISA (portable, avx2, avx512)
// lowers it, for tests and benchmarks. Decided once.
Isa isa();

}  // namespace eden
