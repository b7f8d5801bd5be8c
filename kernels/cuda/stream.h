#pragma once

// CUDA's cudaStream_t points to this, so callers need no CUDA header.
struct CUstream_st;

// The functions that end in _cuda do what the CPU kernels do, on a GPU, with the same bits. All
// pointers are to memory of the current device. Everything is only enqueued on the stream, nothing
// waits and no result is read on the host, so all of it can be captured into a CUDA graph. A launch
// that fails throws std::runtime_error.
