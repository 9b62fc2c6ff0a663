/// Explanation: why the matchers of a block fired or did not, and what its extractors took, for
/// `num8 scan --explain`.
///
/// Made after Operators::evaluate() from the same objects and the same parts; a scan never makes
/// one. Borrows the operators.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "operators/extractor.h"
#include "operators/matcher.h"

namespace m8::operators {

struct MatcherReport {
  const MatcherFields* fields = nullptr;
  bool matched = false;                   ///< after negation
  std::optional<std::size_t> part_bytes;  ///< of the part; empty: there is no such part
  std::vector<Tried> tried;
};

struct ExtractorReport {
  const ExtractorFields* fields = nullptr;
  std::optional<std::size_t> part_bytes;
  dsl::List values;
};

struct Explanation {
  bool all = false;  ///< matchers-condition: and
  std::vector<ExtractorReport> extractors;
  std::vector<MatcherReport> matchers;
};

}  // namespace m8::operators
