#pragma once

namespace eden {

// How a tensor's pass over memory goes about it. All ways write the same bytes.
struct CopyWay {
  enum class Past { kLarge, kNever, kAlways };

  Past past_caches = Past::kLarge;  // which outputs are written past the caches
  bool fetches = true;              // what is read next is asked for meanwhile
  bool library = false;             // memcpy where there are no flips
};

// The environment variable EDEN_COPY chooses it, for tests and benchmarks: cached, stream, each
// also with -unfetched, or library; anything else is the way that was found best. Decided once.
CopyWay copy_way();

}  // namespace eden
