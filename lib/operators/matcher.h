/// Matcher: one test of an answer, compiled once (templates 6.1).
///
/// Immutable, thread-safe. One file per type: match_<type>.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "dsl/services.h"
#include "operators/need.h"
#include "operators/parts.h"

namespace m8::operators {

/// What an evaluation may use, and what it says on the way.
struct Context {
  dsl::Services& services;
  std::vector<std::string> warnings;  ///< for the caller to log, with the template's id
  /// Extracted values are wanted also of an event that does not match.
  bool wants_values = false;
  /// -debug: every matcher that fires is told by name, also where all must match (templates 6.3.1).
  bool names_all = false;
};

/// Keys that every type has.
struct MatcherFields {
  std::string type, name;
  std::string part = "body";
  bool all = false;  ///< condition: and
  bool negative = false;
  bool internal = false;
  bool hex = false;  ///< encoding: hex
  bool case_insensitive = false;
};

/// What became of one value of a matcher (a word, a pattern, an expression), for people.
struct Tried {
  std::string wanted;             ///< as the template has it, with its markers filled in
  bool found = false;             ///< before negation
  std::optional<std::size_t> at;  ///< offset in the part, in bytes
  std::string seen;               ///< what was there: the matching text, values of the names
};

class Matcher {
 public:
  explicit Matcher(MatcherFields fields) : fields_(std::move(fields)) {}
  virtual ~Matcher() = default;

  /// The outcome, negated if the matcher is negative. A missing part is false even then.
  bool matches(const Parts& parts, Context& context) const;

  /// Every value by itself, also those that matches() need not look at. Costs more than that.
  /// Empty: the part is missing.
  virtual std::vector<Tried> tried(const Parts& parts, Context& context) const = 0;
  /// What matches() can't be true without.
  Need need() const { return fields_.negative ? Need{} : positive_need(); }
  /// True if the outcome depends on nothing but the text of fields().part.
  virtual bool reads_part_only() const { return true; }

  const MatcherFields& fields() const { return fields_; }

 protected:
  /// Before negation; empty: the part is missing.
  virtual std::optional<bool> test(const Parts& parts, Context& context) const = 0;
  /// Before negation.
  virtual Need positive_need() const { return {}; }

  const MatcherFields fields_;
};

using MatcherResult = Result<std::unique_ptr<Matcher>>;

/// Of operators/match_<type>.cc; kInvalidArgument if the values are no good.
MatcherResult compile_word_matcher(MatcherFields fields, const yaml::Node& node);
MatcherResult compile_status_matcher(MatcherFields fields, const yaml::Node& node);
MatcherResult compile_size_matcher(MatcherFields fields, const yaml::Node& node);
MatcherResult compile_regex_matcher(MatcherFields fields, const yaml::Node& node);
MatcherResult compile_binary_matcher(MatcherFields fields, const yaml::Node& node);
MatcherResult compile_dsl_matcher(MatcherFields fields, const yaml::Node& node);
MatcherResult compile_xpath_matcher(MatcherFields fields, const yaml::Node& node);

}  // namespace m8::operators
