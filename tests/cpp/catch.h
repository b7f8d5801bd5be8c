#pragma once

// Catch2 under the one name that both of its majors can be included by.
#ifdef EDEN_CATCH2_V2
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
#endif

#include <stdexcept>
#include <string>

namespace eden {

// What a call refuses its arguments with; "none" where it takes them.
template <class Call>
std::string complaint_of(Call&& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

}  // namespace eden
