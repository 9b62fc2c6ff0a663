/// SARIF 2.1.0 (OASIS, errata 01): one run, one rule per template, one result for each finding or
/// issue.
///
/// Results stream; the rules, of which there are as many as templates that found something, follow
/// them, because the order of an object's members is free. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/issue.h"

namespace m8::output {

/// What both a finding and an issue have.
struct SarifResult {
  std::string rule, name, description;  ///< of the template; the latter may be empty
  model::Severity severity = model::Severity::kUnknown;
  std::string host;
  std::string uri;    ///< where it is, a URI reference once sarif_uri() has seen it
  std::string where;  ///< the same for people; may be empty
  /// How later runs know it again: a name with its version, and a text.
  std::string fingerprint_name, fingerprint;
  std::optional<model::Issue> issue;  ///< its life, if it has one
};

class SarifDocument {
 public:
  std::string begin() const;
  /// With what separates it from the one before.
  std::string result(const SarifResult& result);
  /// \p arguments: the command line of the run, program first; may be empty.
  std::string end(const std::vector<std::string>& arguments);

 private:
  std::size_t rule_of(const SarifResult& result);

  std::unordered_map<std::string, std::size_t> index_;  ///< of a template's rule
  std::vector<std::string> rules_;
  std::size_t results_ = 0;
};

/// \p text with all that no URI reference may hold percent-encoded (RFC 3986 2).
std::string sarif_uri(std::string_view text);

}  // namespace m8::output
