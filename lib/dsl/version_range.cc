#include "dsl/version_range.h"

#include <algorithm>
#include <charconv>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

bool is_digit_char(char c) { return c >= '0' && c <= '9'; }
bool is_letter_char(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/// Of a pre-release or of metadata.
bool is_part_char(char c) { return is_digit_char(c) || is_letter_char(c) || c == '-' || c == '~'; }

struct Version {
  std::vector<std::int64_t> segments;  ///< at least three
  std::size_t given = 0;               ///< segments that were written
  std::string prerelease;

  bool has_prerelease() const { return !prerelease.empty(); }
};

/// Reads a version from the front of a text.
class VersionReader {
 public:
  explicit VersionReader(std::string_view text) : text_(text) {}

  bool read(Version& version) {
    if (text_.starts_with('v')) text_.remove_prefix(1);
    if (!read_segments(version)) return false;
    if (!read_prerelease(version)) return false;
    return read_metadata() && text_.empty();
  }

 private:
  bool read_segments(Version& version) {
    do {
      std::int64_t segment = 0;
      const char* end = text_.data() + text_.size();
      if (text_.empty() || !is_digit_char(text_[0])) return false;
      const auto read = std::from_chars(text_.data(), end, segment);
      if (read.ec != std::errc()) return false;
      text_.remove_prefix(static_cast<std::size_t>(read.ptr - text_.data()));
      version.segments.push_back(segment);
    } while (take_dot());
    version.given = version.segments.size();
    version.segments.resize(std::max<std::size_t>(version.given, 3));
    return true;
  }

  bool take_dot() {
    if (!text_.starts_with('.')) return false;
    text_.remove_prefix(1);
    return true;
  }

  /// "-rc.1", or letters right behind the number. A dash with nothing behind it is one itself.
  bool read_prerelease(Version& version) {
    if (text_.starts_with('-')) {
      if (text_.size() > 1 && is_part_char(text_[1])) text_.remove_prefix(1);
    } else if (text_.empty() || (text_[0] != '~' && !is_letter_char(text_[0]))) {
      return true;
    }
    return read_parts(version.prerelease);
  }

  bool read_metadata() {
    if (!text_.starts_with('+')) return true;
    text_.remove_prefix(1);
    std::string ignored;
    return read_parts(ignored);
  }

  /// Non-empty parts of letters, digits, - and ~, separated by dots.
  bool read_parts(std::string& out) {
    std::size_t end = 0;
    bool part_empty = true;
    for (; end < text_.size(); ++end) {
      const char c = text_[end];
      if (c == '.') {
        if (part_empty) return false;
        part_empty = true;
      } else if (is_part_char(c)) {
        part_empty = false;
      } else {
        break;
      }
    }
    if (part_empty) return false;
    out = text_.substr(0, end);
    text_.remove_prefix(end);
    return true;
  }

  std::string_view text_;
};

std::strong_ordering compare_segments(const Version& a, const Version& b) {
  const std::size_t count = std::max(a.segments.size(), b.segments.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t left = i < a.segments.size() ? a.segments[i] : 0;
    const std::int64_t right = i < b.segments.size() ? b.segments[i] : 0;
    if (left != right) return left <=> right;
  }
  return std::strong_ordering::equal;
}

/// The next part of a pre-release, removed from \p rest.
std::string_view take_part(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view part = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return part;
}

bool as_integer(std::string_view part, std::int64_t& value) {
  const auto read = std::from_chars(part.data(), part.data() + part.size(), value);
  return read.ec == std::errc() && read.ptr == part.data() + part.size() && !part.empty();
}

/// A missing part is lower than an integer but higher than a word.
std::strong_ordering compare_parts(std::string_view a, std::string_view b) {
  if (a == b) return std::strong_ordering::equal;
  std::int64_t left = 0;
  std::int64_t right = 0;
  const bool left_integer = as_integer(a, left);
  const bool right_integer = as_integer(b, right);
  if (a.empty()) return right_integer ? std::strong_ordering::less : std::strong_ordering::greater;
  if (b.empty()) return left_integer ? std::strong_ordering::greater : std::strong_ordering::less;
  if (left_integer && right_integer) return left <=> right;
  if (left_integer != right_integer) {
    return left_integer ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_prereleases(std::string_view a, std::string_view b) {
  if (a.empty() != b.empty()) {
    return a.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  }
  while (!a.empty() || !b.empty()) {
    const auto order = compare_parts(take_part(a), take_part(b));
    if (order != std::strong_ordering::equal) return order;
  }
  return std::strong_ordering::equal;
}

std::strong_ordering compare(const Version& a, const Version& b) {
  const auto order = compare_segments(a, b);
  return order != std::strong_ordering::equal ? order
                                              : compare_prereleases(a.prerelease, b.prerelease);
}

/// A constraint without pre-release never holds for a version with one; two with one must agree in
/// all segments.
bool prereleases_agree(const Version& version, const Version& limit) {
  if (!version.has_prerelease()) return true;
  return limit.has_prerelease() && compare_segments(version, limit) == std::strong_ordering::equal;
}

/// ~>: only the last segment that was written may grow.
bool pessimistic(const Version& version, const Version& limit) {
  if (!prereleases_agree(version, limit)) return false;
  if (limit.has_prerelease() && !version.has_prerelease()) return false;
  if (compare(version, limit) == std::strong_ordering::less) return false;
  if (limit.segments.size() > version.segments.size()) return false;
  for (std::size_t i = 0; i + 1 < limit.given; ++i) {
    if (version.segments[i] != limit.segments[i]) return false;
  }
  return true;
}

bool holds(std::string_view op, const Version& version, const Version& limit) {
  if (op == "~>") return pessimistic(version, limit);
  const auto order = compare(version, limit);
  if (op.empty() || op == "=") return order == std::strong_ordering::equal;
  if (op == "!=") return order != std::strong_ordering::equal;
  if (!prereleases_agree(version, limit)) return false;
  if (op == ">") return order == std::strong_ordering::greater;
  if (op == "<") return order == std::strong_ordering::less;
  if (op == ">=") return order != std::strong_ordering::less;
  return order != std::strong_ordering::greater;
}

std::string_view take_operator(std::string_view& text) {
  for (const std::string_view op : {"!=", ">=", "<=", "~>", "=", ">", "<"}) {
    if (!text.starts_with(op)) continue;
    text.remove_prefix(op.size());
    return op;
  }
  return {};
}

}  // namespace

Result<bool> version_matches(std::string_view version_text, std::string_view constraints) {
  Version version;
  if (!VersionReader(version_text).read(version)) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("error parsing argument value: malformed version: {}", version_text)};
  }
  bool all = true;
  for (std::size_t at = 0; at <= constraints.size();) {
    const std::size_t end = std::min(constraints.find(',', at), constraints.size());
    const std::string_view constraint = constraints.substr(at, end - at);
    std::string_view rest = trim_space(constraint);
    const std::string_view op = take_operator(rest);
    Version limit;
    if (!VersionReader(trim_space(rest)).read(limit)) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("malformed constraint: {}", constraint)};
    }
    all = all && holds(op, version, limit);
    at = end + 1;
  }
  return all;
}

}  // namespace m8::dsl
