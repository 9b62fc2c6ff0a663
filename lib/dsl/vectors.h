/// Vector files: expressions with the results they must have (dsl.md 9), for `num8 eval --tsv` and
/// the tests.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dsl/services.h"
#include "dsl/value.h"
#include "dsl/variables.h"

namespace m8::dsl {

/// One row.
struct Vector {
  std::size_t line = 0;
  std::string expression;
  std::string expected;
  std::string type;  ///< "string", "number", "regex", "int-range", "error", ...
  Variables variables;
};

/// Rows of tab-separated text: expression, expected, type, note. Lines that start with # and empty
/// ones are left out. kInvalidArgument names the line.
Result<std::vector<Vector>> parse_vectors(std::string_view text);

/// What evaluating a row gave.
struct Verdict {
  bool good = false;
  bool unsupported = false;  ///< it calls a helper that is deliberately not there
  std::string got;           ///< "number 5", "error ..."
};
/// Evaluates a row and compares.
Verdict check_vector(const Vector& vector, Services& services);

/// Adds the members of a JSON object: numbers, booleans, strings, null and lists of strings.
/// kInvalidArgument if it is no object or a member is none of these.
Status add_json_variables(std::string_view text, Variables& variables);

}  // namespace m8::dsl
