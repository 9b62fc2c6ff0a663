#include "protocols/http.h"

#include <algorithm>
#include <limits>

#include "protocols/http_plan.h"
#include "protocols/http_run.h"

namespace m8::protocols {
namespace {

class HttpBlock final : public Block {
 public:
  explicit HttpBlock(HttpPlan plan) : plan_(std::move(plan)) {}

  std::string_view type() const override { return "http"; }
  const std::string& id() const override { return plan_.id; }

  int request_count() const override {
    return static_cast<int>(
        std::min<std::int64_t>(plan_.request_count(), std::numeric_limits<int>::max()));
  }

  const operators::Operators* global_matchers() const override {
    return plan_.global_matchers ? &plan_.operators : nullptr;
  }

  void start(std::shared_ptr<Execution> execution, Done done) const override {
    std::make_shared<HttpRun>(plan_, std::move(execution), std::move(done))->start();
  }

 private:
  const HttpPlan plan_;
};

}  // namespace

Result<std::unique_ptr<Block>> compile_http(const yaml::Node& node, const CompileOptions& options) {
  HttpPlan plan = M8_TRY(HttpPlan::compile(node, options));
  return std::unique_ptr<Block>(std::make_unique<HttpBlock>(std::move(plan)));
}

}  // namespace m8::protocols
