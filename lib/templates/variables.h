/// The `variables:` of a template: evaluated at load (eager) or for every request (lazy)
/// (templates.md 2.4).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dsl/services.h"
#include "dsl/variables.h"
#include "protocols/protocol.h"

namespace m8::templates {

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// True if the map must be evaluated anew for every request: a value mentions a name of the target
/// or an interaction URL anywhere, or an expression in it reads what \p variables do not define.
bool needs_lazy_evaluation(const NamedTexts& variables);

/// The hook that an execution asks for the values. Eager maps are evaluated once, when they are
/// first asked for; \p eager forces that (JSON templates). Empty for no variables. \p services is
/// borrowed and must outlive the hook, which is thread-safe. A value that cannot be evaluated keeps
/// its text.
protocols::VariablesHook make_variables_hook(NamedTexts variables, bool eager,
                                             dsl::Services& services);

}  // namespace m8::templates
