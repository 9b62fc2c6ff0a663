#include "operators/patterns.h"

#include <algorithm>

#include "match/required_literals.h"
#include "operators/bytes.h"

namespace m8::operators {
namespace {

/// Letters beyond ASCII that a pattern without case takes for one within it: U+017F and U+212A.
bool has_odd_letters(std::string_view text) {
  return contains(text, "\xc5\xbf") || contains(text, "\xe2\x84\xaa");
}

}  // namespace

bool Patterns::may_match(std::size_t i, std::string_view text) const {
  std::call_once(made_, [this] {
    groups_.reserve(patterns_.size());
    for (const Regex& pattern : patterns_)
      groups_.push_back(match::required_literals(pattern.pattern()));
  });
  const Need::Group& group = groups_[i];
  if (group.empty()) return true;
  const bool found = std::any_of(group.begin(), group.end(), [text](const std::string& literal) {
    return contains_folded(text, literal);
  });
  return found || (contains(patterns_[i].pattern(), "(?") && has_odd_letters(text));
}

std::vector<Need> Patterns::needs() const {
  std::vector<Need> out;
  for (const Regex& pattern : patterns_) out.push_back(need_match(pattern.pattern()));
  return out;
}

}  // namespace m8::operators
