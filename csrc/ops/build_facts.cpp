// What this binary was built with, a C function so that it is there without a tensor or a GPU.
//
// EDEN_BUILD_FACTS comes from setup.py: "CUDA 13.0 for architectures 8.0 9.0 10.0+PTX", or
// "without CUDA (why)".
extern "C" [[gnu::visibility("default")]] const char* eden_build_facts() {
  return EDEN_BUILD_FACTS;
}
