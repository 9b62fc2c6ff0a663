/// Loading of -w: workflow files, and the templates that their steps name (templates.md 9,
/// cli-and-output 3.6).
#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "dsl/services.h"
#include "templates/catalog.h"

namespace m8::templates {

/// Adds the workflows that \p options name to \p catalog, each as a template whose run is the
/// workflow's. What is wrong with one, or with a template that it names, is told in the catalog's
/// lists; a workflow among the steps of another is refused there, so none runs into itself. The
/// templates folder is read once if some step asks for tags. \p cache may be null. Errors are those
/// of find_files() about the arguments; kCancelled.
Status load_workflows(const LoadOptions& options, dsl::Services& services, std::stop_token stop,
                      CompiledCache* cache, Catalog& catalog);

/// Why \p document, a workflow, is no good by itself; its steps' templates are not looked at.
Status check_workflow(const Document& document);

}  // namespace m8::templates
