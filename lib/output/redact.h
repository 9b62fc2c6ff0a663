/// Redactor: takes secrets out of requests and responses before anybody keeps or shows them. The
/// one place that knows what a secret looks like there.
///
/// Immutable, thread-safe. Extracted values are evidence and stay.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "base/result.h"
#include "model/finding.h"

namespace m8::output {

class Redactor {
 public:
  Redactor() = default;  ///< changes nothing
  struct Options {
    /// Values of headers that log in (Authorization, Cookie, Set-Cookie, X-API-Key and whatever
    /// cli::names_secret() knows), passwords in URLs, and tokens of well-known forms.
    bool secrets = true;
    std::vector<std::string> keys;      ///< -rd: "key: value" and "key=value" (cli-and-output 5.4)
    std::vector<std::string> patterns;  ///< regular expressions whose matches go
    std::vector<std::string> values;    ///< texts that go wherever they are; short ones stay
    bool parameters = false;            ///< values of "token=..." and the like, in any text
  };
  /// kInvalidArgument naming the pattern that is none.
  static Result<Redactor> create(const Options& options);

  /// For what leaves the house (messages, reports): secrets and parameters.
  static const Redactor& strict();

  /// A text without a head: a line, a URL.
  std::string line(std::string_view text) const { return body(std::string(text)); }
  /// A message, or any text: the part up to the first empty line is taken for a head.
  std::string text(std::string_view message) const;
  /// The same for request, response, curl line and place of \p finding.
  void apply(model::Finding& finding) const;
  /// Nothing would ever be changed.
  bool idle() const {
    return !secrets_ && !parameters_ && keys_.empty() && patterns_.empty() && values_.empty();
  }

 private:
  std::string body(std::string text) const;
  std::string curl(std::string line) const;

  bool secrets_ = false;
  std::optional<Regex> tokens_, logins_, parameters_;
  std::vector<Regex> keys_, patterns_;
  std::vector<std::string> values_;
};

}  // namespace m8::output
