#include "dsl/go_json_check.h"

#include <string>

#include <fmt/format.h>

#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

constexpr std::size_t kMaxDepth = 10000;  // Go's

/// The byte as Go quotes it: as the code point of that number.
std::string quoted(char c) {
  const auto byte = static_cast<unsigned char>(c);
  constexpr std::string_view kNames = "abtnvfr";  // of the controls from 7 on
  if (c == '\'') return "'\\''";
  if (c == '\\') return "'\\\\'";
  if (byte >= 7 && byte <= 13) return fmt::format("'\\{}'", kNames[byte - 7u]);
  if (byte < 0x20 || byte == 0x7f) return fmt::format("'\\x{:02x}'", byte);
  if (byte >= 0x80 && (byte <= 0xa0 || byte == 0xad)) return fmt::format("'\\u{:04x}'", byte);
  std::string shown;
  append_utf8(shown, byte);
  return "'" + shown + "'";
}

bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit_char(char c) { return c >= '0' && c <= '9'; }
bool is_hex_char(char c) { return is_digit_char(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  Status run() {
    M8_TRY(value("looking for beginning of value"));
    while (!open_.empty()) M8_TRY(member());
    skip_white();
    return at_ == text_.size() ? Status() : bad("after top-level value");
  }

 private:
  /// The character here is what \p context says it must not be.
  Status bad(std::string_view context) const {
    // To Go the end is one more space, which is wrong inside a literal.
    const bool literal = context.starts_with("in ") || context.starts_with("after decimal");
    if (at_ >= text_.size() && !literal) {
      return Error{ErrorCode::kInvalidArgument, "unexpected end of JSON input"};
    }
    const char found = at_ < text_.size() ? text_[at_] : ' ';
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("invalid character {} {}", quoted(found), context)};
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_white() {
    while (at_ < text_.size() && is_white(text_[at_])) ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// A value; of an object or array only the opening.
  Status value(std::string_view context) {
    skip_white();
    const char c = peek();
    if (c == '{' || c == '[') return open(c);
    if (take('"')) return string();
    if (c == '-' || is_digit_char(c)) return number();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (c == word[0]) return literal(word);
    }
    return bad(context);
  }

  Status open(char c) {
    if (open_.size() >= kMaxDepth) {
      return Error{ErrorCode::kInvalidArgument, "exceeded max depth"};
    }
    open_ += c;
    ++at_;
    first_ = true;
    return {};
  }

  /// The next member of the innermost object or array, or its end.
  Status member() {
    const bool object = open_.back() == '{';
    skip_white();
    if (take(object ? '}' : ']')) {
      open_.pop_back();
      first_ = false;
      return {};
    }
    if (!first_ && !take(',')) {
      return bad(object ? "after object key:value pair" : "after array element");
    }
    first_ = false;
    if (!object) return value("looking for beginning of value");
    return pair();
  }

  Status pair() {
    skip_white();
    if (!take('"')) return bad("looking for beginning of object key string");
    M8_TRY(string());
    skip_white();
    if (!take(':')) return bad("after object key");
    return value("looking for beginning of value");
  }

  /// The rest behind the opening quote.
  Status string() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (static_cast<unsigned char>(c) < 0x20) return bad("in string literal");
      if (c == '\\') M8_TRY(escape());
    }
    return bad("");
  }

  /// Stops on the last character of the escape.
  Status escape() {
    ++at_;
    if (peek() == 'u' && at_ < text_.size()) {
      for (int i = 0; i < 4; ++i) {
        ++at_;
        if (!is_hex_char(peek())) return bad("in \\u hexadecimal character escape");
      }
      return {};
    }
    const bool known =
        at_ < text_.size() && std::string_view("bfnrt\\/\"").find(text_[at_]) < std::size_t{8};
    return known ? Status() : bad("in string escape code");
  }

  Status digits(std::string_view context) {
    if (!is_digit_char(peek())) return bad(context);
    while (is_digit_char(peek())) ++at_;
    return {};
  }

  Status number() {
    take('-');
    if (!take('0')) M8_TRY(digits("in numeric literal"));
    if (take('.')) M8_TRY(digits("after decimal point in numeric literal"));
    if (!take('e') && !take('E')) return {};
    if (!take('+')) take('-');
    return digits("in exponent of numeric literal");
  }

  Status literal(std::string_view word) {
    for (const char c : word) {
      if (!take(c)) return bad(fmt::format("in literal {} (expecting '{}')", word, c));
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string open_;    ///< the brackets around
  bool first_ = false;  ///< nothing yet in the innermost
};

}  // namespace

Status check_go_json(std::string_view text) { return Checker(text).run(); }

}  // namespace m8::dsl
