#include "templates/template.h"

#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "http/cookie_jar.h"
#include "protocols/registry.h"
#include "templates/variables.h"

namespace m8::templates {
namespace {

using Blocks = std::vector<Template::BlockEntry>;

/// Which blocks run, in which order: all of them, or as the flow says.
class Order {
 public:
  Order(const Blocks& blocks, const Flow* flow) : blocks_(blocks) {
    if (flow) flow_.emplace(*flow);
    if (flow) return;
    queue_.reserve(blocks.size());
    for (const auto& entry : blocks) queue_.push_back(entry.block.get());
  }

  /// The next block; null at the end. \p last: how the block given before ended.
  const protocols::Block* next(const protocols::BlockOutcome* last) {
    if (last) call_value_ = call_value_ || last->succeeded;
    // http() stops at the first block that returns an error (templates 8.4.1).
    if (last && !last->status.ok() && all_of_kind_) next_ = queue_.size();
    while (next_ == queue_.size() && flow_) {
      const FlowCall* call = flow_->next(called_ ? std::optional(call_value_) : std::nullopt);
      if (!call) return nullptr;
      begin(*call);
    }
    return next_ == queue_.size() ? nullptr : queue_[next_++];
  }

 private:
  void begin(const FlowCall& call) {
    called_ = true;
    call_value_ = false;
    queue_.clear();
    next_ = 0;
    all_of_kind_ = call.blocks.empty();
    const Kind kind = call.protocol == "network" ? Kind::kTcp : parse_kind(call.protocol);
    for (const auto& entry : blocks_)
      if (all_of_kind_ && entry.kind == kind) queue_.push_back(entry.block.get());
    for (const FlowCall::Block& wanted : call.blocks)
      if (const auto* entry = find(kind, wanted)) queue_.push_back(entry->block.get());
  }

  /// Null for an unknown block: its value is false.
  const Template::BlockEntry* find(Kind kind, const FlowCall::Block& wanted) const {
    const auto* number = std::get_if<int>(&wanted);
    for (const auto& entry : blocks_) {
      if (entry.kind != kind) continue;
      if (number ? entry.index == *number : entry.id == std::get<std::string>(wanted))
        return &entry;
    }
    return nullptr;
  }

  const Blocks& blocks_;
  std::optional<FlowRun> flow_;
  std::vector<const protocols::Block*> queue_;
  std::size_t next_ = 0;  ///< of the queue
  bool called_ = false, call_value_ = false, all_of_kind_ = false;
};

/// Runs the blocks of one template against one target. Lives as long as a callback holds it; all of
/// it happens on one loop thread.
class Sequence : public std::enable_shared_from_this<Sequence> {
 public:
  Sequence(const Blocks& blocks, const Flow* flow, std::shared_ptr<protocols::Execution> execution,
           Template::Done done)
      : order_(blocks, flow), execution_(std::move(execution)), done_(std::move(done)) {}

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
    const protocols::Block* block =
        execution_->stop.stop_requested() ? nullptr : order_.next(last_ ? &*last_ : nullptr);
    if (!block) {
      done_(std::move(total_));
      return;
    }
    block->start(execution_, [self = shared_from_this()](protocols::BlockOutcome outcome) {
      self->add(outcome);
      self->last_ = std::move(outcome);
      self->run();
    });
  }

  void add(const protocols::BlockOutcome& outcome) {
    total_.succeeded = total_.succeeded || outcome.succeeded;
    total_.findings += outcome.findings;
    total_.requests += outcome.requests;
    if (total_.status.ok()) total_.status = outcome.status;
  }

  Order order_;
  std::shared_ptr<protocols::Execution> execution_;  ///< shared with the requests in flight
  Template::Done done_;
  protocols::BlockOutcome total_;
  std::optional<protocols::BlockOutcome> last_;
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
  if (document.signature) return Error{ErrorCode::kUnsupported, "signature"};
  return {};
}

int saturated_add(int a, int b) {
  return b > std::numeric_limits<int>::max() - a ? std::numeric_limits<int>::max() : a + b;
}

}  // namespace

Status Template::compile_blocks(const Document& document, const protocols::CompileOptions& base) {
  protocols::CompileOptions options = options_of(document, base);
  Status unsupported = check_support(document);
  if (!document.flow.empty()) {
    auto flow = Flow::parse(document.flow);
    if (flow.ok()) {
      flow_ = std::move(flow).value();
    } else if (unsupported.ok()) {
      unsupported = flow.error();
    }
  }
  for (const RawBlock& raw : document.blocks) {
    options.block_id = block_id(document, raw);
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

Result<std::shared_ptr<const Template>> Template::compile(const Document& document,
                                                          const protocols::CompileOptions& options,
                                                          dsl::Services& services) {
  std::shared_ptr<Template> compiled(new Template);
  compiled->info_ = document.info;
  compiled->self_contained_ = document.self_contained;
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

std::vector<protocols::GlobalMatcher> Template::global_matchers() const {
  std::vector<protocols::GlobalMatcher> out;
  for (const BlockEntry& entry : blocks_) {
    const operators::Operators* operators = entry.block->global_matchers();
    if (operators != nullptr) out.push_back({info_, operators});
  }
  return out;
}

void Template::start(std::shared_ptr<protocols::Execution> execution, Done done) const {
  std::make_shared<Sequence>(blocks_, flow_ ? &*flow_ : nullptr, std::move(execution),
                             std::move(done))
      ->run();
}

}  // namespace m8::templates
