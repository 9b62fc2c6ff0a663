/// Templates that the reference sends as one, and what that does to them (templates 10.2).
///
/// It shows each answer to every member of a cluster. Only its first member stops at its first
/// match (and then ends the cluster, which is not copied): the others report each match. That holds
/// here too, whether requests are shared or not.
#pragma once

#include <memory>
#include <vector>

#include "templates/template.h"

namespace m8::templates {

/// Marks those of \p templates that are not the first with their requests. Before any run.
void find_cluster_mates(const std::vector<std::shared_ptr<const Template>>& templates);

}  // namespace m8::templates
