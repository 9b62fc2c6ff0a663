#include "templates/workflow.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "operators/bytes.h"
#include "operators/fields.h"
#include "templates/document.h"
#include "templates/template.h"

namespace m8::templates {
namespace {

using operators::invalid;
using Warn = std::function<void(std::string)>;

constexpr std::array<std::string_view, 4> kStepKeys{"template", "tags", "subtemplates", "matchers"};
constexpr std::array<std::string_view, 3> kMatcherKeys{"name", "condition", "subtemplates"};

template <std::size_t N>
Status check_keys(const yaml::Node& node, const std::array<std::string_view, N>& known) {
  if (!node.is_map()) return invalid(node, "a step of a workflow must be a map");
  for (const auto& [key, value] : node.members()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return invalid(value, fmt::format("unknown key '{}' in a workflow", key));
  }
  return {};
}

// The reader of YAML caps the depth, so the recursion of these is bounded.
Result<WorkflowStep> read_step(const yaml::Node& node, const Warn& warn);

/// Steps below the top: a broken one is left out.
Result<std::vector<WorkflowStep>> read_substeps(const yaml::Node& parent, const Warn& warn) {
  std::vector<WorkflowStep> out;
  for (const yaml::Node* item : M8_TRY(operators::items_of(parent, "subtemplates"))) {
    auto step = read_step(*item, warn);
    if (step.ok()) {
      out.push_back(std::move(step).value());
    } else {
      warn(step.error().message);
    }
  }
  return out;
}

Result<WorkflowStep::Matcher> read_matcher(const yaml::Node& node, const Warn& warn) {
  M8_TRY(check_keys(node, kMatcherKeys));
  WorkflowStep::Matcher out;
  if (const yaml::Node* names = node.find("name")) out.names = normalised_list(*names);
  out.all = M8_TRY(operators::word_field(node, "condition", {"or", "and"}, 0)) == 1;
  out.subtemplates = M8_TRY(read_substeps(node, warn));
  return out;
}

Result<WorkflowStep> read_step(const yaml::Node& node, const Warn& warn) {
  M8_TRY(check_keys(node, kStepKeys));
  WorkflowStep out;
  out.line = node.line();
  out.path = M8_TRY(operators::text_field(node, "template"));
  if (const yaml::Node* tags = node.find("tags")) out.tags = normalised_list(*tags);
  if (out.path.empty() && out.tags.empty()) {
    return invalid(node, "invalid workflow with no templates or tags");
  }
  out.subtemplates = M8_TRY(read_substeps(node, warn));
  for (const yaml::Node* item : M8_TRY(operators::items_of(node, "matchers"))) {
    out.matchers.push_back(M8_TRY(read_matcher(*item, warn)));
  }
  return out;
}

std::int64_t requests_of(const std::vector<WorkflowStep>& steps) {
  std::int64_t sum = 0;
  for (const WorkflowStep& step : steps) {
    for (const auto& one : step.templates) sum += one->request_count();
    sum += requests_of(step.subtemplates);
    for (const auto& matcher : step.matchers) sum += requests_of(matcher.subtemplates);
  }
  return sum;
}

void add_ids(const std::vector<WorkflowStep>& steps, std::set<std::string>& ids) {
  for (const WorkflowStep& step : steps) {
    for (const auto& one : step.templates) ids.insert(one->info().id);
    add_ids(step.subtemplates, ids);
    for (const auto& matcher : step.matchers) add_ids(matcher.subtemplates, ids);
  }
}

bool any_needs_interactions(const std::vector<WorkflowStep>& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const WorkflowStep& step) {
    return any_needs_interactions(step.subtemplates) ||
           std::any_of(step.templates.begin(), step.templates.end(),
                       [](const auto& one) { return one->needs_interactions(); }) ||
           std::any_of(step.matchers.begin(), step.matchers.end(), [](const auto& matcher) {
             return any_needs_interactions(matcher.subtemplates);
           });
  });
}

}  // namespace

bool WorkflowStep::Matcher::holds(const std::vector<std::string>& found) const {
  if (names.empty()) return false;
  const auto is_found = [&](const std::string& name) {
    return std::any_of(found.begin(), found.end(),
                       [&](const std::string& one) { return operators::to_lower(one) == name; });
  };
  return all ? std::all_of(names.begin(), names.end(), is_found)
             : std::any_of(names.begin(), names.end(), is_found);
}

int Workflow::request_count() const {
  return static_cast<int>(
      std::min<std::int64_t>(requests_of(steps), std::numeric_limits<int>::max()));
}

std::vector<std::string> Workflow::ids() const {
  std::set<std::string> ids;
  add_ids(steps, ids);
  return {ids.begin(), ids.end()};
}

bool Workflow::needs_interactions() const { return any_needs_interactions(steps); }

Result<Workflow> read_workflow(const std::vector<const yaml::Node*>& entries, const Warn& warn) {
  Workflow out;
  for (const yaml::Node* entry : entries) out.steps.push_back(M8_TRY(read_step(*entry, warn)));
  return out;
}

}  // namespace m8::templates
