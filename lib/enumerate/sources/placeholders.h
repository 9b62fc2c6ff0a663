/// Placeholders: the values that a source's templates stand for.
///
/// One thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request.h"

namespace m8::enumerate::sources {

class Placeholders {
 public:
  void set(std::string_view name, std::string value);
  /// Every "{name}" that was set is replaced; other braces stay as they are.
  std::string raw(std::string_view text) const;
  /// As raw(), the values escaped for a JSON string.
  std::string json(std::string_view text) const;
  /// "/path?query", the values percent-encoded; a parameter with an empty value is left out.
  std::string target(std::string_view text) const;
  /// "Name: value" lines; one with an empty value is left out.
  std::vector<http::Header> headers(std::string_view lines) const;

 private:
  using Encode = std::string (*)(std::string_view);
  std::string expand(std::string_view text, Encode encode, bool* has_empty) const;
  std::vector<std::pair<std::string, std::string>> values_;
};

/// Everything but RFC 3986's unreserved characters as %XX.
std::string percent_encode(std::string_view text);

}  // namespace m8::enumerate::sources
