/// Fingerprints: how technologies show themselves, in the Wappalyzer format, given at run time.
///
/// Understood: headers, cookies, meta, html, scriptSrc (also "script"), implies, with \\;version:
/// and \\;confidence: (recon 5). js, dom, css and inline scripts need a browser and are left out,
/// as the reference leaves them out. Plain values; immutable once read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::probe {

/// One pattern of one technology.
struct Pattern {
  enum class Part { kHeader, kCookie, kMeta, kHtml, kScript };
  Part part = Part::kHtml;
  std::uint32_t technology = 0;  ///< index in Fingerprints::technologies
  std::string key;               ///< kHeader, kCookie, kMeta: the name, lower case
  std::string regex;             ///< RE2's syntax, without case; empty = presence is enough
  std::string version;           ///< template: \1, \1?a:b; may be empty
  int confidence = 100;          ///< 0..100
};

struct Implied {
  std::string name;
  std::string version;
  int confidence = -1;  ///< -1: that of what implies it
};

struct Fingerprint {
  std::string name;
  std::vector<Implied> implies;
};

struct Fingerprints {
  std::vector<Fingerprint> technologies;
  std::vector<Pattern> patterns;
  std::size_t skipped = 0;  ///< entries of a wrong type, left out

  /// Parses the text of a file: {"apps": {NAME: {...}}} or {"technologies": {...}}.
  /// kInvalidArgument if it is no such JSON. Bad entries are counted and left out.
  static Result<Fingerprints> parse(std::string_view json);
  /// parse() of the file \p path, at most 64 MiB. Errors of reading, and parse()'s with the path.
  static Result<Fingerprints> load(const std::string& path);
  /// A short list of our own, for when no file is given.
  static Fingerprints builtin();
};

/// Splits "regex\\;version:\\1\\;confidence:50" into \p pattern's fields.
void read_pattern(std::string_view text, Pattern& pattern);

/// The version that \p pattern makes of \p groups (of its regex, [0] the first group).
std::string version_of(const Pattern& pattern, const std::vector<std::string>& groups);

}  // namespace m8::probe
