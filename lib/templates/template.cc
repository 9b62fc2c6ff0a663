#include "templates/template.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "http/cookie_jar.h"
#include "protocols/registry.h"
#include "templates/variables.h"

namespace m8::templates {
namespace {

/// Runs the blocks of one template against one target. Lives as long as a callback holds it; all of
/// it happens on one loop thread.
class Sequence : public std::enable_shared_from_this<Sequence> {
 public:
  using Blocks = std::vector<std::unique_ptr<protocols::Block>>;
  Sequence(const Blocks& blocks, std::shared_ptr<protocols::Execution> execution,
           Template::Done done)
      : blocks_(blocks), execution_(std::move(execution)), done_(std::move(done)) {}

  // A block may be done before start() returns: looping instead of recursing keeps the stack flat.
  void run() {
    again_ = true;
    if (stepping_) return;
    stepping_ = true;
    while (std::exchange(again_, false)) step();
    stepping_ = false;
  }

 private:
  void step() {
    if (next_ == blocks_.size() || execution_->stop.stop_requested()) {
      done_(std::move(total_));
      return;
    }
    blocks_[next_++]->start(execution_,
                            [self = shared_from_this()](protocols::BlockOutcome outcome) {
                              self->add(std::move(outcome));
                              self->run();
                            });
  }

  void add(protocols::BlockOutcome outcome) {
    total_.succeeded = total_.succeeded || outcome.succeeded;
    total_.findings += outcome.findings;
    total_.requests += outcome.requests;
    if (total_.status.ok()) total_.status = std::move(outcome.status);
  }

  const Blocks& blocks_;
  std::shared_ptr<protocols::Execution> execution_;  ///< shared with the requests in flight
  Template::Done done_;
  protocols::BlockOutcome total_;
  std::size_t next_ = 0;
  bool stepping_ = false;
  bool again_ = false;
};

/// "http_1" when the template has several blocks, else "http" (templates 8.2).
std::string block_id(const Document& document, const RawBlock& block) {
  const std::string kind = to_string(block.kind);
  if (!block.id.empty()) return block.id;
  return document.blocks.size() > 1 ? fmt::format("{}_{}", kind, block.index) : kind;
}

protocols::CompileOptions options_of(const Document& document,
                                     const protocols::CompileOptions& base) {
  protocols::CompileOptions options = base;
  options.template_id = document.info->id;
  options.template_path = document.info->path;
  options.self_contained = document.self_contained;
  options.stop_at_first_match = base.stop_at_first_match || document.stop_at_first_match;
  options.export_fields = document.blocks.size() > 1 || !document.flow.empty();
  return options;
}

std::shared_ptr<const dsl::Variables> constants_of(const Document& document) {
  if (document.constants.empty()) return nullptr;
  auto constants = std::make_shared<dsl::Variables>();
  for (const auto& [name, text] : document.constants) constants->set(name, text);
  return constants;
}

Status check_support(const Document& document) {
  if (!document.flow.empty()) return Error{ErrorCode::kUnsupported, "flow"};
  if (document.signature) return Error{ErrorCode::kUnsupported, "signature"};
  if (document.self_contained) return Error{ErrorCode::kUnsupported, "self-contained"};
  return {};
}

int saturated_add(int a, int b) {
  return b > std::numeric_limits<int>::max() - a ? std::numeric_limits<int>::max() : a + b;
}

}  // namespace

Status Template::compile_blocks(const Document& document, const protocols::CompileOptions& base) {
  protocols::CompileOptions options = options_of(document, base);
  Status unsupported = check_support(document);
  for (const RawBlock& raw : document.blocks) {
    options.block_id = block_id(document, raw);
    auto block = protocols::compile(to_string(raw.kind), raw.node, options);
    if (block.ok()) {
      request_count_ = saturated_add(request_count_, (*block)->request_count());
      blocks_.push_back(std::move(block).value());
    } else if (block.error().code != ErrorCode::kUnsupported) {
      return block.error();  // an invalid block goes before an unsupported one
    } else if (unsupported.ok()) {
      unsupported = block.error();
    }
  }
  return unsupported;
}

Result<std::shared_ptr<const Template>> Template::compile(const Document& document,
                                                          const protocols::CompileOptions& options,
                                                          dsl::Services& services) {
  std::shared_ptr<Template> compiled(new Template);
  compiled->info_ = document.info;
  compiled->constants_ = constants_of(document);
  M8_TRY(compiled->compile_blocks(document, options));
  compiled->variables_ = make_variables_hook(document.variables, document.json, services);
  return std::shared_ptr<const Template>(std::move(compiled));
}

std::shared_ptr<protocols::Execution> Template::prepare(
    const protocols::Surroundings& scan, model::Target target,
    std::shared_ptr<const protocols::TargetNames> builtins, std::stop_token stop) const {
  return std::make_shared<protocols::Execution>(protocols::Execution{scan,
                                                                     info_,
                                                                     std::move(target),
                                                                     std::move(builtins),
                                                                     variables_,
                                                                     constants_,
                                                                     {},
                                                                     nullptr,
                                                                     std::move(stop)});
}

void Template::start(std::shared_ptr<protocols::Execution> execution, Done done) const {
  std::make_shared<Sequence>(blocks_, std::move(execution), std::move(done))->run();
}

}  // namespace m8::templates
