/// Value: what a program and its surroundings hand to each other.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace m8::script {

using List = std::vector<std::string>;
/// undefined and null, boolean, number, string (UTF-8), array of strings. Bytes that are not UTF-8
/// become U+FFFD on their way to a program; objects become JSON on their way from it.
using Value = std::variant<std::monostate, bool, double, std::string, List>;

}  // namespace m8::script
