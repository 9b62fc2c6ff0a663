/// The order in which the blocks of one template run against one target, and the running of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocols/protocol.h"
#include "templates/document.h"
#include "templates/flow.h"

namespace m8::templates {

/// A compiled block and how a flow calls it.
struct BlockEntry {
  std::unique_ptr<protocols::Block> block;
  Kind kind = Kind::kHttp;
  int index = 0;   ///< 1-based within its kind
  std::string id;  ///< `id:`, may be empty
};
using Blocks = std::vector<BlockEntry>;

/// The blocks that \p call means, in order; unknown ones are left out: their value is false. A text
/// of digits is a number unless a block has it for an id.
std::vector<const protocols::Block*> blocks_of(const Blocks& blocks, const FlowCall& call);

/// Which block runs next.
class BlockOrder {
 public:
  virtual ~BlockOrder() = default;
  /// Null at the end. \p last: how the block given before ended; null at the first.
  virtual const protocols::Block* next(const protocols::BlockOutcome* last) = 0;
};

/// All of \p blocks, whatever becomes of them (templates 8.1).
std::unique_ptr<BlockOrder> all_in_order(const Blocks& blocks);
/// As \p flow says. Borrows both.
std::unique_ptr<BlockOrder> flow_order(const Blocks& blocks, const Flow& flow);
/// Those of one \p call; one without blocks stops at the first error (templates 8.4.1).
std::unique_ptr<BlockOrder> call_order(const Blocks& blocks, const FlowCall& call);

/// Runs blocks one after the other. REQUIRES: called on the loop thread of the target's host;
/// \p done is called there too, possibly before this returns, with the sum of the outcomes and the
/// first error. The blocks must outlive the run.
void run_blocks(std::unique_ptr<BlockOrder> order, std::shared_ptr<protocols::Execution> execution,
                std::function<void(protocols::BlockOutcome)> done);

/// Adds \p outcome to \p total, which keeps its first error.
void add_outcome(protocols::BlockOutcome& total, const protocols::BlockOutcome& outcome);

}  // namespace m8::templates
