#pragma once

// Catch2 under the one name that both of its majors can be included by.
#ifdef EDEN_CATCH2_V2
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
#endif
