#include "protocols/http.h"

#include <algorithm>
#include <limits>

#include "protocols/http_plan.h"
#include "protocols/http_run.h"
#include "protocols/http_share.h"

namespace m8::protocols {
namespace {

class HttpBlock final : public Block {
 public:
  explicit HttpBlock(HttpPlan plan) : plan_(std::move(plan)) {}

  std::string_view type() const override { return "http"; }
  const std::string& id() const override { return plan_.id; }

  bool needs_interactions() const override { return plan_.needs_interactions; }

  int request_count() const override {
    return static_cast<int>(
        std::min<std::int64_t>(plan_.request_count(), std::numeric_limits<int>::max()));
  }

  const operators::Operators* global_matchers() const override {
    return plan_.global_matchers ? &plan_.operators : nullptr;
  }
  std::string share_key() const override { return protocols::share_key(plan_); }
  std::unique_ptr<Block> share(std::vector<Sharer> others) const override;

  std::optional<std::string> packed_need() const override {
    std::string out;
    operators::pack_need(plan_.operators.need(), out);
    return out;
  }
  std::string cluster_key() const override { return plan_.cluster_key(); }
  void start(std::shared_ptr<Execution> execution, Done done) const override {
    std::make_shared<HttpRun>(plan_, std::move(execution), std::move(done))->start();
  }
  const HttpPlan& plan() const { return plan_; }

 private:
  const HttpPlan plan_;
};

/// The blocks of a cluster as one.
class SharedHttpBlock final : public Block {
 public:
  SharedHttpBlock(const HttpBlock& leader, std::vector<HttpGroup::Member> members)
      : leader_(leader), group_(std::move(members)) {}

  std::string_view type() const override { return "http"; }
  const std::string& id() const override { return leader_.id(); }
  int request_count() const override { return leader_.request_count(); }
  void start(std::shared_ptr<Execution> execution, Done done) const override {
    std::make_shared<HttpRun>(leader_.plan(), std::move(execution), std::move(done), &group_)
        ->start();
  }

 private:
  const HttpBlock& leader_;
  const HttpGroup group_;
};

std::unique_ptr<Block> HttpBlock::share(std::vector<Sharer> others) const {
  std::vector<HttpGroup::Member> members;
  members.push_back({&plan_, {}});
  for (Sharer& other : others) {
    const auto* block = dynamic_cast<const HttpBlock*>(other.block);
    if (block == nullptr) return nullptr;
    members.push_back({&block->plan_, std::move(other)});
  }
  return std::make_unique<SharedHttpBlock>(*this, std::move(members));
}

}  // namespace

Result<std::unique_ptr<Block>> compile_http(const yaml::Node& node, const CompileOptions& options) {
  HttpPlan plan = M8_TRY(HttpPlan::compile(node, options));
  return std::unique_ptr<Block>(std::make_unique<HttpBlock>(std::move(plan)));
}

}  // namespace m8::protocols
