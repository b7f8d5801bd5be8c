// Catch2 v2 is a header whose main is compiled here, once; v3 brings its own.
#ifdef EDEN_CATCH2_V2
#define CATCH_CONFIG_MAIN
#endif
#include "tests/cpp/catch.h"
