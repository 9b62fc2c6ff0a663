/// Need: what an answer can't do without if the operators of a block are to give anything, told
/// without running them.
///
/// Only what is certain counts: who is ruled out by a need would have matched nothing. The use is
/// in looking at an answer once for the needs of many templates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/expression.h"

namespace m8::operators {

struct Need {
  /// Literals as fold() gives them; one of them is in the head or the body, or across their border.
  using Group = std::vector<std::string>;

  std::vector<Group> groups;           ///< each of them; empty: nothing is known
  std::vector<std::int64_t> statuses;  ///< one of them; empty: any

  /// What an answer with \p status lacks at once.
  bool excludes(std::int64_t status) const;
};

/// The need of something that happens only if all of \p parts do, or only if one of them does.
Need need_all(std::vector<Need> parts);
Need need_any(std::vector<Need> parts);

/// True if a literal in \p part is one in head or body: its text is not another part of the event.
bool is_of_answer(std::string_view part);

/// Appends \p text so that texts which are equal without case are equal: ASCII letters in lower
/// case, and the four letters beyond ASCII that case mapping takes into it (U+0130, U+0131, U+017F,
/// U+212A) as theirs. Other bytes stay.
void fold(std::string_view text, std::string& out);
std::string folded(std::string_view text);

/// A literal that must be there; nothing is known of an empty one.
Need need_literal(std::string_view literal);
/// A match of \p pattern (RE2's syntax).
Need need_match(std::string_view pattern);
/// What makes \p expression true, over the names of an http event.
Need need_true(const dsl::Expression& expression);

}  // namespace m8::operators
