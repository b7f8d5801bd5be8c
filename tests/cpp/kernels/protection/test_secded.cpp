#include <set>

#include "kernels/protection/secded.h"
#include "tests/cpp/catch.h"

using namespace eden;

namespace {

constexpr uint64_t kAll = ~uint64_t{0};

// A word and its check byte with some of the 72 bits turned.
struct Read {
  uint64_t word;
  uint8_t check;

  void turn(int bit) {
    if (bit < 64) {
      word ^= uint64_t{1} << bit;
    } else {
      check = static_cast<uint8_t>(check ^ 1 << (bit - 64));
    }
  }
};

Read written(uint64_t word) { return {word, check_bits(word)}; }

}  // namespace

TEST_CASE("the columns of the code are distinct, odd and as light as can be") {
  std::set<int> columns;
  int ones = 0;
  for (int bit = 0; bit < 64; ++bit) {
    const int column = check_bits(uint64_t{1} << bit);
    columns.insert(column);
    CHECK(parity(static_cast<uint64_t>(column)) == 1);
    ones += __builtin_popcount(static_cast<unsigned>(column));
  }
  CHECK(columns.size() == 64);
  CHECK(columns.count(1) + columns.count(2) + columns.count(128) == 0);
  CHECK(ones == 56 * 3 + 8 * 5);
  for (int i = 0; i < Hsiao::kRows; ++i) CHECK(__builtin_popcountll(Hsiao::row(i)) == 26);
}

TEST_CASE("one error of 72 is corrected, two are detected and left") {
  const uint64_t meant = GENERATE(0ull, ~0ull, 0x0123456789ABCDEFull);
  for (int a = 0; a < 72; ++a) {
    Read one = written(meant);
    one.turn(a);
    uint64_t word = one.word;
    CHECK(correct_word(&word, one.check, kAll) == Outcome::kCorrected);
    CHECK(word == meant);
    for (int b = 0; b < a; ++b) {
      Read two = one;
      two.turn(b);
      word = two.word;
      REQUIRE(correct_word(&word, two.check, kAll) == Outcome::kDetected);
      REQUIRE(word == two.word);
    }
  }
}

TEST_CASE("three errors that look like one are taken for it, unless that bit is not stored") {
  // 0x07 ^ 0x0B ^ 0x13 = 0x1F, the column of bit 56.
  Read read = written(0);
  for (const int bit : {0, 1, 2}) read.turn(bit);
  uint64_t word = read.word;
  CHECK(correct_word(&word, read.check, kAll) == Outcome::kCorrected);
  CHECK(word == (read.word | uint64_t{1} << 56));
  word = read.word;
  CHECK(correct_word(&word, read.check, kAll >> 8) == Outcome::kDetected);
  CHECK(word == read.word);
}

TEST_CASE("the words of a copy begin anew, and the last one may be short") {
  const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
  constexpr int64_t kSize = 10;
  uint8_t check[4];
  for (int64_t w = 0; w < 4; ++w) secded_check(bytes, kSize, w, check);
  CHECK(check[0] == check_bits(0x0807060504030201ull));
  CHECK(check[1] == check_bits(0x0A09ull));
  CHECK(check[2] == check_bits(0x1211100F0E0D0C0Bull));
  CHECK(check[3] == check_bits(0x1413ull));
  uint8_t wrong[20], out[20] = {};
  std::memcpy(wrong, bytes, sizeof wrong);
  wrong[9] ^= 64;
  CHECK(secded_correct(wrong, check, kSize, 1, out) == Outcome::kCorrected);
  CHECK(out[8] == 9);
  CHECK(out[9] == 10);
  CHECK(out[10] == 0);  // another copy's
}
