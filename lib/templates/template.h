/// Template: compiled, ready to be run against any number of targets.
///
/// Immutable and shared by all targets; start() keeps its state in the execution.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/finding.h"
#include "protocols/protocol.h"
#include "templates/block_sequence.h"
#include "templates/document.h"
#include "templates/flow.h"
#include "templates/flow_script.h"
#include "templates/proven.h"
#include "templates/workflow.h"

namespace m8::templates {

class Template {
 public:
  /// Called once when a run against a target is over.
  using Done = std::function<void(protocols::BlockOutcome)>;

  /// Compiles what \p document says. Of \p options the fields of the command line are used, those
  /// of the template are filled in. \p services is borrowed and must outlive the template.
  /// kInvalidArgument: the template is invalid, with the reason. kUnsupported: it is well-formed
  /// but needs a feature that is not there; the message is the feature's name.
  /// \p proven, if not null: the document is one that compiled before, and these are its blocks.
  static Result<std::shared_ptr<const Template>> compile(
      const Document& document, const protocols::CompileOptions& options, dsl::Services& services,
      std::shared_ptr<const ProvenTemplate> proven = nullptr);

  /// A template whose run is \p workflow's.
  static std::shared_ptr<const Template> of_workflow(
      std::shared_ptr<const model::TemplateInfo> info, Workflow workflow);

  /// Its id, path, severity and tags; of a proven template no more.
  const model::TemplateInfo& info() const { return *info_; }
  /// All of it, for findings.
  std::shared_ptr<const model::TemplateInfo> whole_info() const {
    return proven_ ? proven_->whole_info(info_) : info_;
  }
  /// Requests that a full run against one target sends at most.
  int request_count() const { return request_count_; }
  /// Needs no target: runs once for a scan, against an empty one (templates 3.15).
  bool self_contained() const { return self_contained_; }
  /// Its blocks that may run on the answers of other templates (templates 10.4). Borrowed.
  std::vector<protocols::GlobalMatcher> global_matchers() const;
  /// True if some request may hold the URL of an interaction server.
  bool needs_interactions() const { return needs_interactions_; }
  std::size_t blocks() const { return blocks_.size(); }
  /// For ProvenTemplate; nothing if some block can't be compiled later.
  std::optional<std::string> needs() const;
  /// Templates that a run of this one runs: itself, or the members of a cluster.
  std::size_t members() const { return std::max<std::size_t>(members_.size(), 1); }
  /// Their ids; of a workflow, with those of all templates that it may run.
  std::vector<std::string> ids() const;

  /// As protocols::Block::cluster_key(), for the template.
  std::string cluster_key() const;
  /// An earlier template of the scan has the same cluster_key(). Before any run.
  void set_clustered() const { clustered_ = true; }

  /// What a run against \p target needs; every run has its own. \p scan is borrowed, \p builtins
  /// shared by all templates on the target.
  std::shared_ptr<protocols::Execution> prepare(
      const protocols::Surroundings& scan, model::Target target,
      std::shared_ptr<const protocols::TargetNames> builtins, std::stop_token stop) const;

  /// Runs the blocks one after the other (templates 8.1): neither an error nor a first match stops
  /// the next block; with a flow, in the order and under the conditions that it says. Never waits.
  /// REQUIRES: called on the loop thread of the target's host; \p done is called there too,
  /// possibly before this returns. The outcome is the sum of the blocks' ones, with the first
  /// error. The template must outlive the run.
  void start(std::shared_ptr<protocols::Execution> execution, Done done) const;

  /// Templates with the same share_key() send the same requests to every target, and each of them
  /// once; empty: this one can't share (templates 10.1).
  std::string share_key() const;
  /// \p members, whose share_key() is the same, as one template that sends their requests once:
  /// each finds what it would find alone, under its own name. Null if they can't share.
  static std::shared_ptr<const Template> cluster(
      std::vector<std::shared_ptr<const Template>> members);

 private:
  Template() = default;
  Status compile_flow(const Document& document, bool checked,
                      const protocols::CompileOptions& options);
  Status compile_blocks(const Document& document, const protocols::CompileOptions& options,
                        const ProvenTemplate* proven);

  std::shared_ptr<const model::TemplateInfo> info_;  ///< shared with findings
  std::shared_ptr<const ProvenTemplate> proven_;  ///< shared with the blocks; null: info is whole
  std::shared_ptr<const dsl::Variables> constants_;  ///< shared with executions; may be null
  std::optional<Flow> flow_;
  std::optional<FlowScript> script_;  ///< a flow that is a program
  std::optional<Workflow> workflow_;
  protocols::VariablesHook variables_;
  Blocks blocks_;
  std::vector<std::shared_ptr<const Template>> members_;  ///< of a cluster; else empty
  int request_count_ = 0;
  mutable bool clustered_ = false;  ///< fixed before the first run
  bool self_contained_ = false;
  bool names_target_ = false;  ///< a constant or variable stands for a name of the target
  bool needs_interactions_ = false;
};

}  // namespace m8::templates
