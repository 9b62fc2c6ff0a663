/// FlowScript: a flow that is a program (templates 8.3-8.6).
///
/// It runs on a thread of its own, in JavaScriptCore's process, and each call of it is a visit to
/// the loop thread of the target's host: blocks, and all that belongs to the execution, are touched
/// there and nowhere else. What the program reads between two calls is a copy.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "protocols/protocol.h"
#include "templates/block_sequence.h"

namespace m8::templates {

/// What a program reads in place of texts that name files: the lines of those (templates 8.5).
struct FlowLists {
  dsl::Variables of_template;  ///< of variables and constants
  dsl::Variables given;        ///< of -var
};

/// Immutable, shared by all runs.
class FlowScript {
 public:
  /// \p text at most 64 KiB. kUnsupported: no JavaScript here, with the reason; kInvalidArgument:
  /// no JavaScript at all (\p checked only: costs the start of the engine, some 20 ms, at the first
  /// one).
  static Result<FlowScript> compile(std::string text, bool checked, FlowLists lists = {});

  /// Runs it; \p done gets the sum of all blocks' outcomes and the first error. An exception ends
  /// it with "failed to execute flow: ..."; results that are there stay. A program makes at most
  /// 10,000 calls. REQUIRES: as run_blocks(); this must outlive the run, too.
  void start(const Blocks& blocks, std::shared_ptr<protocols::Execution> execution,
             std::function<void(protocols::BlockOutcome)> done) const;

 private:
  FlowScript(std::string text, FlowLists lists)
      : text_(std::move(text)), lists_(std::move(lists)) {}
  std::string text_;
  FlowLists lists_;
};

}  // namespace m8::templates
