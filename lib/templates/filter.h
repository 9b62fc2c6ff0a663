/// Filter: which templates a scan selects (templates.md 1.5, cli-and-output 3.2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dsl/expression.h"
#include "dsl/services.h"
#include "model/severity.h"
#include "templates/document.h"

namespace m8::templates {

/// Lists are as the flags gave them, split; words in lower case. Empty lists do not restrict.
/// Immutable once filled; selects() is thread-safe.
struct Filter {
  std::vector<std::string> authors, tags, exclude_tags, include_tags;
  std::vector<std::string> ids, exclude_ids;  ///< with wildcards * ? [..]
  std::vector<model::Severity> severities, exclude_severities;
  std::vector<Kind> kinds, exclude_kinds;
  /// Files, folders, or patterns in which * stays inside one path component.
  std::vector<std::string> include_paths, exclude_paths;
  std::vector<dsl::Expression> conditions;

  /// Adds a `-tc` expression. kInvalidArgument if it does not compile.
  Status add_condition(std::string_view expression);
  /// The decision for one template: forced in, excluded, included, and all conditions true.
  bool selects(const Document& document, dsl::Services& services) const;
  /// Forced in by -it or -itags: also lifts tag gates.
  bool forces_in(const Document& document) const;
};

/// True if \p path equals \p pattern, lies below it, or matches it as a pattern.
bool path_matches(std::string_view path, std::string_view pattern);

/// The variables that a `-tc` expression sees (cli-and-output 3.3).
dsl::Variables condition_variables(const Document& document);

}  // namespace m8::templates
