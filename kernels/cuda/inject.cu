#include "kernels/cuda/inject.h"
#include "kernels/cuda/inject_kernel.h"
#include "kernels/cuda/inject_plan.h"

namespace eden {
namespace {

__global__ void summarize(const InjectParams params, BitlineSummary* summary) {
  __shared__ BitlineShared shared;
  CudaBlock block;
  summarize_bitlines(block, params, static_cast<int>(blockIdx.x), shared, summary);
}

}  // namespace

int64_t inject_cuda_scratch_bytes(const InjectParams& params) {
  if (params.lookup != Lookup::kBitline) return 0;
  return static_cast<int64_t>(sizeof(BitlineSummary)) +
         bitline_groups(params) * static_cast<int64_t>(sizeof(BitlineGroup));
}

void inject_cuda(const InjectParams& given, void* scratch, CUstream_st* stream) {
  const InjectParams params = without_conversions(given);
  const InjectUnits units = inject_units(params);
  if (units.segments == 0) return;
  if (given.corrected != nullptr) {
    const auto words = static_cast<size_t>(given.elements * given.copies + 31) / 32;
    check_cuda(cudaMemsetAsync(given.corrected, 0, 4 * words, stream), "cudaMemsetAsync");
  }
  auto* summary = static_cast<BitlineSummary*>(scratch);
  if (params.lookup == Lookup::kBitline) {
    check_cuda(cudaMemsetAsync(summary, 0, sizeof *summary, stream), "cudaMemsetAsync");
    summarize<<<static_cast<unsigned>(bitline_groups(params)), kBitlineThreads, 0, stream>>>(
        params, summary);
    check_launch("summarize");
  }
  switch (params.element) {
    case ElementType::kFp32:
      return inject_fp32(params, units, summary, stream);
    case ElementType::kFp16:
      return inject_fp16(params, units, summary, stream);
    case ElementType::kBf16:
      return inject_bf16(params, units, summary, stream);
    default:
      return inject_bytes(params, units, summary, stream);
  }
}

}  // namespace eden
