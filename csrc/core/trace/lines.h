#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eden {

// Cuts a text that comes in pieces into lines, and counts them for refusals.
class Lines {
 public:
  explicit Lines(std::string file) : file_(std::move(file)) {}

  // Calls `line` with each whole line, without its break. Throws std::invalid_argument, one line
  // "FILE:LINE: ...", for what `line` refuses, for a line that is too long or ends in CR LF.
  template <class Line>
  void feed(std::string_view piece, Line&& line) {
    std::size_t at = 0;
    while (at < piece.size()) {
      const std::size_t end = piece.find('\n', at);
      if (end == std::string_view::npos) {
        rest_.append(piece.substr(at));
        check_length(rest_.size());
        return;
      }
      ++number_;
      if (rest_.empty()) {
        take(piece.substr(at, end - at), line);
      } else {
        rest_.append(piece.substr(at, end - at));
        take(rest_, line);
        rest_.clear();
      }
      at = end + 1;
    }
  }

  // Refuses a last line without a break: the file was cut short.
  void finish() const;

  int64_t number() const { return number_; }
  [[noreturn]] void refuse(const std::string& why) const;
  [[noreturn]] void refuse(std::string_view name, std::string_view value,
                           std::string_view accepted) const;

 private:
  static constexpr std::size_t kLongest = 4096;

  template <class Line>
  void take(std::string_view text, Line& line) {
    check_length(text.size());
    if (!text.empty() && text.back() == '\r') refuse_break();
    line(text);
  }
  void check_length(std::size_t length) const;
  [[noreturn]] void refuse_break() const;

  std::string file_;
  std::string rest_;
  int64_t number_ = 0;
};

// The words of a line, as many as `most` and one more to tell that there are too many.
class Words {
 public:
  static constexpr std::size_t kMost = 9;
  // Between spaces and tabs, or at every `comma` with the spaces around it left out.
  Words(std::string_view line, bool commas);

  std::size_t size() const { return count_; }
  std::string_view operator[](std::size_t i) const { return {words_[i].begin, words_[i].size}; }

 private:
  // Not string_view, of which all would be made empty for every line.
  struct Word {
    const char* begin;
    std::size_t size;
  };

  void add(const char* begin, const char* end) {
    words_[count_++] = {begin, static_cast<std::size_t>(end - begin)};
  }
  template <bool commas>
  void split(std::string_view line);

  Word words_[kMost];
  std::size_t count_ = 0;
};

// Numbers of a trace; false for what is none or does not fit. Clocks end at 2^48, days of a memory,
// so that sums over them stay numbers.
constexpr int64_t kLastClock = int64_t{1} << 48;
bool read_integer(std::string_view text, int64_t low, int64_t high, int64_t* value);
bool read_hex(std::string_view text, uint64_t* value);  // with 0x or without

// As a refusal shows them: cut, and what is not to be printed as '?'.
std::string shown_text(std::string_view text);

}  // namespace eden
