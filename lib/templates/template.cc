#include "templates/template.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "dsl/render.h"
#include "http/cookie_jar.h"
#include "protocols/payloads.h"
#include "protocols/registry.h"
#include "templates/variables.h"

namespace m8::templates {
namespace {

/// "http_1" when the template has several blocks of that kind, else "http" (templates 8.2).
std::string block_id(const Document& document, const RawBlock& block) {
  const std::string kind = to_string(block.kind);
  if (!block.id.empty()) return block.id;
  const auto same = std::count_if(document.blocks.begin(), document.blocks.end(),
                                  [&](const RawBlock& one) { return one.kind == block.kind; });
  return same > 1 ? fmt::format("{}_{}", kind, block.index) : kind;
}

protocols::CompileOptions options_of(const Document& document,
                                     const protocols::CompileOptions& base) {
  protocols::CompileOptions options = base;
  options.template_id = document.info->id;
  options.template_path = document.info->path;
  options.self_contained = document.self_contained;
  options.stop_at_first_match = base.stop_at_first_match || document.stop_at_first_match;
  options.flow = !document.flow.empty();
  options.export_fields = document.blocks.size() > 1 || !document.flow.empty();
  return options;
}

std::shared_ptr<const dsl::Variables> constants_of(const Document& document) {
  if (document.constants.empty()) return nullptr;
  auto constants = std::make_shared<dsl::Variables>();
  for (const auto& [name, text] : document.constants) constants->set(name, text);
  return constants;
}

bool names_target(const NamedTexts& texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [](const auto& text) { return protocols::TargetNames::is_name(text.first); });
}

Status check_support(const Document& document) {
  if (document.signature) return Error{ErrorCode::kUnsupported, "signature"};
  return {};
}

bool any_needs_interactions(const NamedTexts& variables, const Blocks& blocks) {
  return std::any_of(variables.begin(), variables.end(),
                     [](const auto& variable) {
                       return protocols::has_interaction_marker(variable.second);
                     }) ||
         std::any_of(blocks.begin(), blocks.end(),
                     [](const BlockEntry& entry) { return entry.block->needs_interactions(); });
}

int saturated_add(int a, int b) {
  return b > std::numeric_limits<int>::max() - a ? std::numeric_limits<int>::max() : a + b;
}

/// Counts the requests of the blocks that a flow never called as done (templates 8.6).
class CountedFlow final : public BlockOrder {
 public:
  CountedFlow(std::unique_ptr<BlockOrder> flow, const Blocks& blocks, protocols::Observer& observer)
      : flow_(std::move(flow)), blocks_(blocks), observer_(observer) {}

  const protocols::Block* next(const protocols::BlockOutcome* last) override {
    const protocols::Block* block = flow_->next(last);
    if (block) {
      called_.insert(block);
      return block;
    }
    int missing = 0;
    for (const BlockEntry& entry : blocks_)
      if (!called_.count(entry.block.get()))
        missing = saturated_add(missing, entry.block->request_count());
    if (missing > 0) observer_.progress(missing);
    return nullptr;
  }

 private:
  const std::unique_ptr<BlockOrder> flow_;
  const Blocks& blocks_;
  protocols::Observer& observer_;
  std::set<const protocols::Block*> called_;
};

}  // namespace

namespace {

/// Longer values are no names of files.
constexpr std::size_t kLongestName = 150;

Result<dsl::List> lines_of(const std::string& path) {
  const std::string text = M8_TRY(read_file(path));
  dsl::List lines;
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (const auto line = trim(rest.substr(0, end)); !line.empty()) lines.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

/// Of -var: the user named these files, they may lie anywhere.
Result<dsl::Variables> given_lists(const protocols::CompileOptions& options) {
  dsl::Variables out;
  for (const auto& [name, path] : options.variable_files)
    if (path.size() < kLongestName) out.set(name, M8_TRY(lines_of(path)));
  return out;
}

/// Of variables and of constants, which go before: files that payloads may name, too.
dsl::Variables own_lists(const Document& document, const protocols::CompileOptions& options) {
  dsl::Variables out;
  for (const NamedTexts* texts : {&document.variables, &document.constants}) {
    for (const auto& [name, text] : *texts) {
      out.erase(name);
      if (text.empty() || text.size() >= kLongestName || dsl::has_markers(text)) continue;
      const auto file = protocols::find_payload_file(text, options);
      if (!file.ok()) continue;  // a text like any other
      if (auto lines = lines_of(*file); lines.ok()) out.set(name, std::move(*lines));
    }
  }
  return out;
}

}  // namespace

/// An expression is walked; anything else is a program.
Status Template::compile_flow(const Document& document, bool checked,
                              const protocols::CompileOptions& options) {
  auto flow = Flow::parse(document.flow);
  if (flow.ok()) {
    flow_ = std::move(flow).value();
  } else {
    FlowLists lists{own_lists(document, options), M8_TRY(given_lists(options))};
    script_ = M8_TRY(FlowScript::compile(document.flow, checked, std::move(lists)));
  }
  return {};
}

Status Template::compile_blocks(const Document& document, const protocols::CompileOptions& base,
                                const ProvenTemplate* proven) {
  protocols::CompileOptions options = options_of(document, base);
  Status unsupported = check_support(document);
  if (!document.flow.empty()) {
    const Status flow = compile_flow(document, base.check_scripts && !proven, options);
    if (!flow.ok() && flow.error().code != ErrorCode::kUnsupported) return flow;
    if (unsupported.ok()) unsupported = flow;
  }
  for (const RawBlock& raw : document.blocks) {
    options.block_id = block_id(document, raw);
    std::optional<operators::Later> later;
    if (proven) later = proven->block(static_cast<std::size_t>(&raw - document.blocks.data()));
    options.later = later ? &*later : nullptr;
    auto block = protocols::compile(to_string(raw.kind), raw.node, options);
    if (block.ok()) {
      request_count_ = saturated_add(request_count_, (*block)->request_count());
      blocks_.push_back({std::move(block).value(), raw.kind, raw.index, raw.id});
    } else if (block.error().code != ErrorCode::kUnsupported) {
      return block.error();  // an invalid block goes before an unsupported one
    } else if (unsupported.ok()) {
      unsupported = block.error();
    }
  }
  return unsupported;
}

Result<std::shared_ptr<const Template>> Template::compile(
    const Document& document, const protocols::CompileOptions& options, dsl::Services& services,
    std::shared_ptr<const ProvenTemplate> proven) {
  if (proven && proven->blocks() != document.blocks.size()) proven = nullptr;
  std::shared_ptr<Template> compiled(new Template);
  compiled->info_ = document.info;
  compiled->self_contained_ = document.self_contained;
  compiled->constants_ = constants_of(document);
  compiled->names_target_ = names_target(document.variables) || names_target(document.constants);
  M8_TRY(compiled->compile_blocks(document, options, proven.get()));
  compiled->proven_ = std::move(proven);
  compiled->needs_interactions_ = any_needs_interactions(document.variables, compiled->blocks_);
  compiled->variables_ = make_variables_hook(document.variables, document.json, services);
  return std::shared_ptr<const Template>(std::move(compiled));
}

std::shared_ptr<const Template> Template::of_workflow(
    std::shared_ptr<const model::TemplateInfo> info, Workflow workflow) {
  std::shared_ptr<Template> out(new Template);
  out->info_ = std::move(info);
  out->request_count_ = workflow.request_count();
  out->needs_interactions_ = workflow.needs_interactions();
  out->workflow_ = std::move(workflow);
  return out;
}

std::shared_ptr<protocols::Execution> Template::prepare(
    const protocols::Surroundings& scan, model::Target target,
    std::shared_ptr<const protocols::TargetNames> builtins, std::stop_token stop) const {
  auto execution = std::make_shared<protocols::Execution>(protocols::Execution{scan,
                                                                               info_,
                                                                               std::move(target),
                                                                               std::move(builtins),
                                                                               variables_,
                                                                               constants_,
                                                                               {},
                                                                               nullptr,
                                                                               std::move(stop)});
  execution->every_match = clustered_;
  if (proven_) execution->complete = [this] { return whole_info(); };
  return execution;
}

std::vector<protocols::GlobalMatcher> Template::global_matchers() const {
  std::vector<protocols::GlobalMatcher> out;
  for (const BlockEntry& entry : blocks_) {
    const operators::Operators* operators = entry.block->global_matchers();
    if (operators != nullptr) out.push_back({whole_info(), operators});
  }
  return out;
}

std::optional<std::string> Template::needs() const {
  std::vector<std::string> needs;
  for (const BlockEntry& entry : blocks_) {
    auto need = entry.block->packed_need();
    if (!need) return std::nullopt;
    needs.push_back(*std::move(need));
  }
  return join_needs(needs);
}

std::string Template::cluster_key() const {
  if (blocks_.size() != 1 || flow_ || script_ || self_contained_) return {};
  return blocks_.front().block->cluster_key();
}

void Template::start(std::shared_ptr<protocols::Execution> execution, Done done) const {
  if (workflow_) return start_workflow(*workflow_, std::move(execution), std::move(done));
  if (script_) {
    script_->start(blocks_, std::move(execution), std::move(done));
    return;
  }
  if (blocks_.size() == 1 && !flow_ && !execution->stop.stop_requested()) {
    // Nearly every template: there is no order to keep to, and no sum to draw.
    blocks_.front().block->start(std::move(execution), std::move(done));
    return;
  }
  auto order = all_in_order(blocks_);
  if (flow_) {
    order = std::make_unique<CountedFlow>(flow_order(blocks_, *flow_), blocks_,
                                          execution->scan.observer);
  }
  run_blocks(std::move(order), std::move(execution), std::move(done));
}

}  // namespace m8::templates
