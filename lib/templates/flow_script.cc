#include "templates/flow_script.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/guarded.h"
#include "script/engine.h"
#include "script/workers.h"

namespace m8::templates {
namespace {

constexpr std::size_t kMaxScript = 64u << 10;
constexpr int kMaxCalls = 10'000;
constexpr int kMaxLogged = 1000;

using protocols::BlockOutcome;
using script::Value;

Value to_script(const dsl::Value& value) {
  if (value.is_nil()) return {};
  if (const auto* flag = value.as<bool>()) return *flag;
  if (const auto* number = value.as<double>()) return *number;
  if (const auto* number = value.as<std::int64_t>()) return static_cast<double>(*number);
  if (const auto* list = value.as<dsl::List>()) return *list;
  return value.text();
}

dsl::Value from_script(const Value& value) {
  return std::visit(
      [](const auto& v) -> dsl::Value {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) {
          return {};
        } else {
          return dsl::Value(v);
        }
      },
      value);
}

/// "http(1, 'login')": which blocks.
Result<FlowCall> flow_call(const std::string& protocol, const std::vector<Value>& arguments) {
  FlowCall call{protocol, {}};
  for (const Value& argument : arguments) {
    if (const auto* number = std::get_if<double>(&argument)) {
      const bool fits = *number >= 0 && *number <= 1e6;
      call.blocks.emplace_back(fits ? static_cast<int>(*number) : 0);
    } else if (const auto* id = std::get_if<std::string>(&argument)) {
      call.blocks.emplace_back(*id);
    } else {
      return Error{ErrorCode::kInvalidArgument, protocol + ": a block is a number or an id"};
    }
  }
  return call;
}

/// All names that a request of this execution would see but those of the target: what `template`
/// shows (templates 8.5). -var goes above constants here.
dsl::Variables visible_values(const protocols::Execution& execution, const FlowLists& lists) {
  dsl::Variables below;
  if (execution.inherited) below.merge(*execution.inherited);
  if (execution.constants) below.merge(*execution.constants);
  below.merge(lists.of_template);
  below.merge(execution.scan.overrides);
  below.merge(lists.given);
  below.merge(execution.context);
  if (!execution.variables) return below;
  protocols::InteractionUrls none(nullptr);  // markers are filled request by request
  const auto variables = execution.variables(dsl::Layered(below, *execution.builtins), none);
  if (!variables.ok()) return below;
  dsl::Variables values = **variables;
  values.merge(below);
  return values;
}

/// One visit to the loop thread, and the wait for it.
class Visit {
 public:
  void finish(BlockOutcome outcome, dsl::Variables values) {
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
    values_ = std::move(values);
    over_.notify_one();
  }
  /// No time limit of its own: each request has one, and ends when the scan is stopped.
  void wait() {
    std::unique_lock lock(mutex_);
    over_.wait(lock, [this] { return outcome_.has_value(); });
  }
  /// REQUIRES of both: wait() returned.
  const BlockOutcome& outcome() const { return *outcome_; }
  dsl::Variables& values() { return values_; }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  std::optional<BlockOutcome> outcome_;
  dsl::Variables values_;
};

/// One run of a script, as the program sees the world. Lives on the worker's thread.
class ScriptRun final : public script::Environment {
 public:
  ScriptRun(const Blocks& blocks, std::shared_ptr<protocols::Execution> execution,
            const FlowLists& lists)
      : blocks_(blocks), execution_(std::move(execution)), lists_(lists) {}

  BlockOutcome run(const std::string& text, script::Engine& engine) {
    visit({}, false);
    std::vector<std::string> functions = {"set"};
    for (const BlockEntry& entry : blocks_) functions.emplace_back(to_string(entry.kind));
    functions.emplace_back("http");
    const Status status = engine.run(text, functions, *this);
    if (!status.ok() && !stopped()) {
      const std::string why = "failed to execute flow: " + status.error().message;
      warn(why);
      if (total_.status.ok()) total_.status = Error{status.error().code, why};
    }
    count_what_never_ran();
    return std::move(total_);
  }

  Result<Value> call(const std::string& function, const std::vector<Value>& arguments) override {
    if (stopped()) return Error{ErrorCode::kCancelled, "stopped"};
    if (function == "log") return log(arguments);
    if (function == "set") return set(arguments);
    if (++calls_ > kMaxCalls) return Error{ErrorCode::kExhausted, "too many calls"};
    const FlowCall call = M8_TRY(flow_call(function, arguments));
    warn_of_unknown(call);
    return Value(visit(call, true).succeeded);
  }

  Value field(const std::string& name) override {
    const dsl::Value* value = values_.find(name);
    return value ? to_script(*value) : Value();
  }

  script::List fields() override {
    script::List names;
    for (const auto& [name, value] : values_)
      if (!value.is_nil()) names.push_back(name);
    return names;
  }

 private:
  bool stopped() const { return execution_->stop.stop_requested(); }

  void warn(std::string_view text) const {
    execution_->scan.observer.warning(fmt::format("[{}] {}", execution_->info->id, text));
  }

  Value log(const std::vector<Value>& arguments) {
    if (arguments.empty() || ++logged_ > kMaxLogged) return {};
    warn("[JS] " + from_script(arguments.front()).text());
    return {};
  }

  /// Takes effect at the next call, which is the first that could tell.
  Result<Value> set(const std::vector<Value>& arguments) {
    const auto* name = arguments.empty() ? nullptr : std::get_if<std::string>(&arguments.front());
    if (!name || arguments.size() != 2)
      return Error{ErrorCode::kInvalidArgument, "set takes a name and a value"};
    changes_.set(*name, from_script(arguments[1]));
    return Value();
  }

  void warn_of_unknown(const FlowCall& call) const {
    for (const FlowCall::Block& wanted : call.blocks) {
      if (!blocks_of(blocks_, {call.protocol, {wanted}}).empty()) continue;
      const auto* id = std::get_if<std::string>(&wanted);
      warn(fmt::format("invalid request id '{}' provided",
                       id ? *id : std::to_string(std::get<int>(wanted))));
    }
  }

  /// To the loop thread: hands the changes over, runs the blocks of \p call if \p runs, and brings
  /// back what can be read then.
  BlockOutcome visit(const FlowCall& call, bool runs) {
    auto visit = std::make_shared<Visit>();  // shared with the loop thread
    const auto finish = [visit, execution = execution_, &lists = lists_](BlockOutcome outcome) {
      visit->finish(std::move(outcome), visible_values(*execution, lists));
    };
    execution_->scan.session.post(execution_->target.url.host,
                                  [&blocks = blocks_, execution = execution_, call, runs, finish,
                                   changes = std::exchange(changes_, {})] {
                                    execution->context.merge(changes);
                                    if (!runs) return finish({});
                                    run_blocks(call_order(blocks, call), execution, finish);
                                  });
    visit->wait();
    values_ = std::move(visit->values());
    if (runs) note(call, visit->outcome());
    return visit->outcome();
  }

  void note(const FlowCall& call, const BlockOutcome& outcome) {
    add_outcome(total_, outcome);
    for (const protocols::Block* block : blocks_of(blocks_, call)) ran_.insert(block);
  }

  void count_what_never_ran() const {
    for (const BlockEntry& entry : blocks_)
      if (!ran_.contains(entry.block.get()))
        execution_->scan.observer.progress(entry.block->request_count());
  }

  const Blocks& blocks_;
  std::shared_ptr<protocols::Execution> execution_;  ///< shared with the requests in flight
  const FlowLists& lists_;
  dsl::Variables values_;   ///< what `template` shows
  dsl::Variables changes_;  ///< of set(), not handed over yet
  BlockOutcome total_;
  std::set<const protocols::Block*> ran_;
  int calls_ = 0, logged_ = 0;
};

}  // namespace

Result<FlowScript> FlowScript::compile(std::string text, bool checked, FlowLists lists) {
  if (text.size() > kMaxScript)
    return Error{ErrorCode::kInvalidArgument, "flow script is larger than 64 KiB"};
  M8_TRY(script::available());
  if (checked) {
    static Guarded<script::Engine> engine;
    const Status status = engine.lock()->check(text);
    if (!status.ok()) return status.error().with_context("could not compile flow");
  }
  return FlowScript(std::move(text), std::move(lists));
}

void FlowScript::start(const Blocks& blocks, std::shared_ptr<protocols::Execution> execution,
                       std::function<void(BlockOutcome)> done) const {
  script::Workers::shared().submit([this, &blocks, execution = std::move(execution),
                                    done = std::move(done)](script::Engine& engine) {
    const std::string host = execution->target.url.host;
    http::Session& session = execution->scan.session;
    BlockOutcome outcome = ScriptRun(blocks, execution, lists_).run(text_, engine);
    session.post(host, [done, outcome = std::move(outcome)] { done(outcome); });
  });
}

}  // namespace m8::templates
