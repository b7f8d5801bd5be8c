#include "kernels/cuda/inject_kernel.h"

namespace eden {

void inject_bytes(const InjectParams& params, const InjectUnits& units,
                  const BitlineSummary* summary, CUstream_st* stream) {
  launch_inject<RawElement<uint8_t>, RawCodec<uint8_t, 8>>(params, units, summary, stream);
}

}  // namespace eden
