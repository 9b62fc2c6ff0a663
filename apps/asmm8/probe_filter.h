/// Which records of asmm8 probe are shown: the match and filter flags.
#pragma once

#include <string>
#include <vector>

#include "base/regex.h"
#include "base/result.h"
#include "cli/flag.h"
#include "model/endpoint.h"
#include "probe_condition.h"

namespace m8::asmm8 {

/// Immutable; thread-safe.
class ProbeFilter {
 public:
  /// kInvalidArgument for a range a regular expression or a condition that is none.
  static Result<ProbeFilter> from(const cli::Values& flags);
  /// Every kind of match that was asked for holds, and no filter does.
  bool accepts(const model::Endpoint& record) const;

 private:
  struct Range {
    long long first, last;
  };
  struct Side {
    std::vector<Range> codes, lengths, lines, words;
    std::vector<std::string> texts, favicons, cdns;
    std::vector<Regex> expressions;
    std::vector<ProbeCondition> conditions;
  };
  static Status read(const cli::Values& flags, const std::string& prefix, Side& side);
  static bool inside(const std::vector<Range>& ranges, long long value);

  Side match_, filter_;
};

}  // namespace m8::asmm8
