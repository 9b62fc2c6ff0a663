#include "templates/block_sequence.h"

#include <charconv>
#include <optional>
#include <utility>

namespace m8::templates {
namespace {

/// The number that \p id is; 0 for other texts.
int number_in(const std::string& id) {
  int number = 0;
  const char* end = id.data() + id.size();
  const auto read = std::from_chars(id.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? number : 0;
}

/// Null for an unknown block.
const BlockEntry* find(const Blocks& blocks, Kind kind, const FlowCall::Block& wanted) {
  const auto* id = std::get_if<std::string>(&wanted);
  const int number = id ? number_in(*id) : std::get<int>(wanted);
  const BlockEntry* numbered = nullptr;
  for (const BlockEntry& entry : blocks) {
    if (entry.kind != kind) continue;
    if (id && entry.id == *id) return &entry;
    if (entry.index == number) numbered = &entry;
  }
  return numbered;
}

/// A list of blocks, one after the other.
class ListOrder final : public BlockOrder {
 public:
  ListOrder(std::vector<const protocols::Block*> blocks, bool stops_at_error)
      : blocks_(std::move(blocks)), stops_at_error_(stops_at_error) {}

  const protocols::Block* next(const protocols::BlockOutcome* last) override {
    if (last && !last->status.ok() && stops_at_error_) next_ = blocks_.size();
    return next_ == blocks_.size() ? nullptr : blocks_[next_++];
  }

 private:
  std::vector<const protocols::Block*> blocks_;
  std::size_t next_ = 0;
  bool stops_at_error_;
};

/// The lists of a flow's calls.
class FlowOrder final : public BlockOrder {
 public:
  FlowOrder(const Blocks& blocks, const Flow& flow) : blocks_(blocks), flow_(flow) {}

  const protocols::Block* next(const protocols::BlockOutcome* last) override {
    if (last) value_ = value_ || last->succeeded;
    for (;;) {
      const protocols::Block* block = call_ ? call_->next(last) : nullptr;
      if (block) return block;
      const FlowCall* call = flow_.next(call_ ? std::optional(value_) : std::nullopt);
      if (!call) return nullptr;
      call_ = call_order(blocks_, *call);
      value_ = false;
      last = nullptr;
    }
  }

 private:
  const Blocks& blocks_;
  FlowRun flow_;
  std::unique_ptr<BlockOrder> call_;
  bool value_ = false;
};

/// Lives as long as a callback holds it; all of it happens on one loop thread.
class Sequence : public std::enable_shared_from_this<Sequence> {
 public:
  Sequence(std::unique_ptr<BlockOrder> order, std::shared_ptr<protocols::Execution> execution,
           std::function<void(protocols::BlockOutcome)> done)
      : order_(std::move(order)), execution_(std::move(execution)), done_(std::move(done)) {}

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
        execution_->stop.stop_requested() ? nullptr : order_->next(last_ ? &*last_ : nullptr);
    if (!block) {
      done_(std::move(total_));
      return;
    }
    block->start(execution_, [self = shared_from_this()](protocols::BlockOutcome outcome) {
      add_outcome(self->total_, outcome);
      self->last_ = std::move(outcome);
      self->run();
    });
  }

  std::unique_ptr<BlockOrder> order_;
  std::shared_ptr<protocols::Execution> execution_;  ///< shared with the requests in flight
  std::function<void(protocols::BlockOutcome)> done_;
  protocols::BlockOutcome total_;
  std::optional<protocols::BlockOutcome> last_;
  bool stepping_ = false;
  bool again_ = false;
};

}  // namespace

std::vector<const protocols::Block*> blocks_of(const Blocks& blocks, const FlowCall& call) {
  std::vector<const protocols::Block*> out;
  const Kind kind = call.protocol == "network" ? Kind::kTcp : parse_kind(call.protocol);
  for (const BlockEntry& entry : blocks)
    if (call.blocks.empty() && entry.kind == kind) out.push_back(entry.block.get());
  for (const FlowCall::Block& wanted : call.blocks)
    if (const BlockEntry* entry = find(blocks, kind, wanted)) out.push_back(entry->block.get());
  return out;
}

std::unique_ptr<BlockOrder> all_in_order(const Blocks& blocks) {
  std::vector<const protocols::Block*> all;
  all.reserve(blocks.size());
  for (const BlockEntry& entry : blocks) all.push_back(entry.block.get());
  return std::make_unique<ListOrder>(std::move(all), false);
}

std::unique_ptr<BlockOrder> flow_order(const Blocks& blocks, const Flow& flow) {
  return std::make_unique<FlowOrder>(blocks, flow);
}

std::unique_ptr<BlockOrder> call_order(const Blocks& blocks, const FlowCall& call) {
  return std::make_unique<ListOrder>(blocks_of(blocks, call), call.blocks.empty());
}

void run_blocks(std::unique_ptr<BlockOrder> order, std::shared_ptr<protocols::Execution> execution,
                std::function<void(protocols::BlockOutcome)> done) {
  std::make_shared<Sequence>(std::move(order), std::move(execution), std::move(done))->run();
}

void add_outcome(protocols::BlockOutcome& total, const protocols::BlockOutcome& outcome) {
  total.succeeded = total.succeeded || outcome.succeeded;
  total.findings += outcome.findings;
  total.requests += outcome.requests;
  if (total.status.ok()) total.status = outcome.status;
}

}  // namespace m8::templates
