#include "kernels/cuda/inject_kernel.h"

namespace eden {

void inject_fp16(const InjectParams& params, const InjectUnits& units,
                 const BitlineSummary* summary, CUstream_st* stream) {
  dispatch_stored<Fp16>(params.stored, [&](auto element, auto codec) {
    launch_inject<decltype(element), decltype(codec)>(params, units, summary, stream);
  });
}

}  // namespace eden
