/// Regex: RE2 (Go's syntax).
///
/// Where many are read and few are used, their programs can be left to the first use: see
/// DeferredRegexes. Bytes that are not UTF-8 are matched on a copy in which each bad byte is
/// U+FFFD, as Go does. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace m8 {

class Regex {
 public:
  /// kInvalidArgument with RE2's reason. At most 1 MiB of pattern; \p max_memory bounds the program
  /// and its caches.
  static Result<Regex> compile(std::string_view pattern, std::size_t max_memory = 8u << 20);

  /// Unanchored search.
  bool search(std::string_view text) const;
  /// Where the first match is: offset and length in bytes of \p text; empty without one.
  std::optional<std::pair<std::size_t, std::size_t>> find(std::string_view text) const;
  /// All non-overlapping matches of group \p group; an unmatched optional group gives "". Empty if
  /// the pattern has fewer groups.
  std::vector<std::string> find_all(std::string_view text, int group = 0) const;
  /// The groups of the first match, [0] the first group; empty optional without a match. An
  /// unmatched optional group gives "".
  std::optional<std::vector<std::string>> first_groups(std::string_view text) const;
  /// Go's ReplaceAllString: $1, ${1}, $name, ${name}, $$ in \p replacement.
  std::string replace_all(std::string_view text, std::string_view replacement) const;
  int groups() const;
  const std::string& pattern() const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;  ///< shared by copies
};

/// While one lives on a thread, Regex::compile() there keeps no program (some 10 KB each): the
/// first use makes it. Patterns are still checked, unless they are \p trusted: known to compile. A
/// trusted pattern that does not compile after all matches nothing. Scopes don't nest.
class DeferredRegexes {
 public:
  explicit DeferredRegexes(bool trusted);
  ~DeferredRegexes();
  DeferredRegexes(const DeferredRegexes&) = delete;
  DeferredRegexes& operator=(const DeferredRegexes&) = delete;
  bool trusted() const { return trusted_; }
  /// True if every pattern compiled so far was good.
  bool all_good() const { return all_good_; }

 private:
  friend class Regex;
  bool trusted_;
  bool all_good_ = true;
};

/// True if \p text is valid UTF-8.
bool is_utf8(std::string_view text);
/// \p text with each invalid byte replaced by U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace m8
