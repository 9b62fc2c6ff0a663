/// Fingerprints: how technologies show themselves, in the Wappalyzer format, given at run time.
///
/// Understood: headers, cookies, meta, html, scriptSrc (also "script"), implies, requires,
/// requiresCategory, excludes, with \\;version: and \\;confidence: (recon 5). More than the
/// reference looks at: url, scripts, certIssuer, and of dom what one start tag decides. js, css,
/// text, properties of elements and selectors that need a tree are for a browser, dns, xhr, robots
/// and probe for more questions: all of them are left out. Plain values; immutable once read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "probe/selector.h"

namespace m8::probe {

/// One pattern of one technology.
struct Pattern {
  enum class Part {
    kHeader,
    kCookie,
    kMeta,
    kHtml,
    kScript,        ///< src of a script
    kUrl,           ///< where the answer came from
    kInlineScript,  ///< text of a script
    kIssuer,        ///< who signed the certificate
    kElement,       ///< a start tag, or an attribute of it
  };
  Part part = Part::kHtml;
  std::uint32_t technology = 0;  ///< index in Fingerprints::technologies
  /// kHeader, kCookie, kMeta: the name, lower case; kElement: the attribute, empty = the tag.
  std::string key;
  std::uint32_t selector = 0;  ///< kElement: index in Fingerprints::selectors
  std::string regex;           ///< RE2's syntax, without case; empty = presence is enough
  std::string version;         ///< template: \1, \1?a:b; may be empty
  int confidence = 100;        ///< 0..100
};

struct Implied {
  std::string name;
  std::string version;
  int confidence = -1;  ///< -1: that of what implies it
};

struct Fingerprint {
  std::string name;
  std::vector<Implied> implies;
  std::vector<std::string> needs;     ///< requires: one of these technologies is there
  std::vector<std::string> excludes;  ///< technologies that are not there if this one is
  std::vector<int> categories;
  std::vector<int> needs_category;  ///< one of these is that of a technology that is there
};

struct Fingerprints {
  std::vector<Fingerprint> technologies;
  std::vector<Pattern> patterns;
  std::vector<Selector> selectors;
  std::size_t skipped = 0;  ///< entries of a wrong type, left out
  std::size_t unseen = 0;   ///< selectors and values of elements that are for a browser

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
