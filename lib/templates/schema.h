/// Strict reading (templates.md 1.1.6): unknown and duplicate keys are errors, because a misspelt
/// `matchers-condtion` would silently change what a template finds.
#pragma once

#include "base/result.h"
#include "base/yaml.h"

namespace m8::templates {

/// Checks a whole template. kInvalidArgument "line N: unknown key 'x' in info" or "line N:
/// duplicate key 'x'". Blocks of kinds other than http are checked for duplicates only. O(nodes).
Status check_keys(const yaml::Node& root);

}  // namespace m8::templates
