/// What a regular expression can't match without: the literals of which one must be in the text.
///
/// The idea is that of RE2's own prefilter and of Cox, "Regular expression matching with a trigram
/// index" (2012): walk the syntax, keep small exact sets while they last, and the best set that
/// each part requires. Nothing is compiled.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace m8::match {

/// A set of literals in lower case, at least one of which occurs in the lower-cased text of every
/// match of \p pattern (RE2's syntax, matched without case). Empty if no such set was found that is
/// worth it: the pattern may match anything. At most 16 literals, each of 2..64 bytes. Bounded in
/// time and depth for any \p pattern.
std::vector<std::string> required_literals(std::string_view pattern);

}  // namespace m8::match
