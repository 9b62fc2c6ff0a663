/// Flow: in which order, and whether, the blocks of a template run (templates.md 8.3, 8.4).
///
/// Only the expression form is understood: calls `http(1)`, `http("id")`, `http()`, `&&`, `||`,
/// `!`, parentheses, `;`, newlines and comments. Blocks run asynchronously, so a flow is not called
/// but walked: FlowRun gives the next call and is told its outcome.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace m8::templates {

/// One call of a flow.
struct FlowCall {
  /// 1-based number of a block of that protocol, or its id.
  using Block = std::variant<int, std::string>;

  std::string protocol;       ///< "http", "dns", ...
  std::vector<Block> blocks;  ///< run in order, value = OR; empty = all blocks of the protocol
};

/// A compiled flow; immutable, shared by all runs.
class Flow {
 public:
  /// kUnsupported "flow script needs JavaScript" for anything but the expression form, or one of
  /// more than 64 KiB, 1,000 calls or 100 levels of parentheses.
  static Result<Flow> parse(std::string_view script);

  const std::vector<FlowCall>& calls() const { return calls_; }

 private:
  friend class FlowParser;
  friend class FlowRun;

  enum class Op : std::uint8_t { kCall, kNot, kJumpIfTrue, kJumpIfFalse };
  struct Step {
    Op op;
    std::size_t target;  ///< index of a call or of a step
  };

  std::vector<FlowCall> calls_;
  std::vector<Step> steps_;  ///< of a machine with one register: the last value
};

/// One run of a flow. Borrows the flow. Not thread-safe.
class FlowRun {
 public:
  explicit FlowRun(const Flow& flow) : flow_(flow) {}

  /// The next call, or null at the end. \p previous is the value of the call given before; nothing
  /// at the first one.
  const FlowCall* next(std::optional<bool> previous);
  /// Value of the last expression; meaningful once next() gave null.
  bool value() const { return value_; }

 private:
  const Flow& flow_;
  std::size_t step_ = 0;
  bool value_ = false;
};

}  // namespace m8::templates
