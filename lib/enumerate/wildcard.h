/// Wildcards (RFC 4592): what a zone answers for a name that nobody made.
///
/// A random label under the zone is a control: nothing but a wildcard can answer it. A candidate
/// whose records are all among those of the controls proves nothing. Plain values, one thread.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "dns/answer.h"

namespace m8::enumerate {

/// 16 random letters and digits: a label that nobody made.
std::string random_label();

class WildcardAnswers {
 public:
  /// Adds what the control \p name was answered; true if any of it was new.
  bool learn(std::string_view name, const dns::AnswerValues& values);
  /// No control was answered with any record: the zone has no wildcard.
  bool none() const { return known_.empty(); }
  /// Whether every record of \p values is one that the wildcard gives. A CNAME that repeats the
  /// label asked for ("x.cdn.example" for x) counts as the same for every label.
  bool covers(std::string_view name, const dns::AnswerValues& values) const;

 private:
  std::set<std::string, std::less<>> known_;  ///< "A 192.0.2.1", "CNAME *.cdn.example"
};

}  // namespace m8::enumerate
