/// Workflow: templates that start others by what they find (templates.md 9).
///
/// The tree of steps as the file says it, with the templates that its steps name. Immutable once
/// loaded, shared by all targets; start_workflow() keeps its state in the run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "protocols/protocol.h"

namespace m8::templates {

class Template;

struct WorkflowStep {
  /// What starts more steps by the names of matchers and extractors.
  struct Matcher {
    std::vector<std::string> names;  ///< lower case; none never holds
    bool all = false;                ///< condition: and
    std::vector<WorkflowStep> subtemplates;

    /// True if \p names (any case) satisfy it.
    bool holds(const std::vector<std::string>& found) const;
  };

  int line = 0;
  std::string path;               ///< of a template or a folder; empty: by tags
  std::vector<std::string> tags;  ///< lower case
  /// What path or tags lead to, in order; filled in when the workflow is loaded.
  std::vector<std::shared_ptr<const Template>> templates;
  std::vector<WorkflowStep> subtemplates;  ///< run after a result; not looked at with matchers
  std::vector<Matcher> matchers;

  /// Its own results are printed.
  bool is_leaf() const { return subtemplates.empty() && matchers.empty(); }
};

struct Workflow {
  std::vector<WorkflowStep> steps;

  /// Requests of all templates in it, each counted once for each step that names it.
  int request_count() const;
  /// Of all templates in it, each once.
  std::vector<std::string> ids() const;
  /// True if some template in it may need an interaction server.
  bool needs_interactions() const;
};

/// Reads the entries of `workflows:`. kInvalidArgument "line N: reason" for the first top-level
/// step that is no good; a broken step below the top is left out and told to \p warn.
Result<Workflow> read_workflow(const std::vector<const yaml::Node*>& entries,
                               const std::function<void(std::string)>& warn);

/// Runs \p workflow against the execution's target: top-level steps one after the other, what a
/// step starts side by side, all with one cookie jar (templates 9). Bounded: after 10,000 steps on
/// one target the rest is not started, with a warning. Progress adds up to request_count().
/// REQUIRES: as Template::start(); the workflow outlives the run.
void start_workflow(const Workflow& workflow, std::shared_ptr<protocols::Execution> execution,
                    protocols::Block::Done done);

}  // namespace m8::templates
