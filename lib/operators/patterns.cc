#include "operators/patterns.h"

#include "match/required_literals.h"
#include "operators/bytes.h"

namespace m8::operators {
namespace {

/// Letters beyond ASCII that a pattern without case takes for one within it: U+017F and U+212A.
bool has_odd_letters(std::string_view text) {
  return contains(text, "\xc5\xbf") || contains(text, "\xe2\x84\xaa");
}

}  // namespace

bool Patterns::may_match(std::size_t i, Text& text) const {
  std::call_once(made_, [this] {
    wanted_.reserve(patterns_.size());
    for (const Regex& pattern : patterns_)
      wanted_.push_back(
          {match::required_literals(pattern.pattern()), contains(pattern.pattern(), "(?")});
  });
  const Wanted& wanted = wanted_[i];
  if (wanted.literals.empty()) return true;
  for (const std::string& literal : wanted.literals)
    if (contains_folded(text.bytes, literal)) return true;
  if (!wanted.folds) return false;
  if (!text.odd) text.odd = has_odd_letters(text.bytes);
  return *text.odd;
}

std::vector<Need> Patterns::needs() const {
  std::vector<Need> out;
  for (const Regex& pattern : patterns_) out.push_back(need_match(pattern.pattern()));
  return out;
}

}  // namespace m8::operators
