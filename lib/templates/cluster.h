/// Clusters: templates whose requests are the same, sent once (templates 10).
#pragma once

#include <memory>
#include <vector>

#include "templates/template.h"

namespace m8::templates {

/// \p templates with each group of those that may share their requests as one, which stands in the
/// place of its first member; the others stay as they are, in their order. O(templates).
std::vector<std::shared_ptr<const Template>> make_clusters(
    std::vector<std::shared_ptr<const Template>> templates);

}  // namespace m8::templates
