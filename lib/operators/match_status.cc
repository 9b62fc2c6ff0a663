// Status matcher: the status of the current event is in the list (templates 6.1).

#include <algorithm>

#include "operators/fields.h"
#include "operators/matcher.h"

namespace m8::operators {
namespace {

class StatusMatcher final : public Matcher {
 public:
  StatusMatcher(MatcherFields fields, std::vector<std::int64_t> codes)
      : Matcher(std::move(fields)), codes_(std::move(codes)) {}

  std::vector<Tried> tried(const Parts& parts, Context&) const override {
    std::vector<Tried> out;
    const auto status = parts.status();
    if (!status) return out;
    for (const std::int64_t code : codes_)
      out.push_back({std::to_string(code), code == *status, std::nullopt, std::to_string(*status)});
    return out;
  }

 protected:
  std::optional<bool> test(const Parts& parts, Context&) const override {
    const auto status = parts.status();
    // The part has no say but must be there: `part: header_2` waits for request 2.
    const bool missing = fields_.part != "body" && !parts.text(fields_.part);
    if (!status || missing) return std::nullopt;
    return std::find(codes_.begin(), codes_.end(), *status) != codes_.end();
  }

  Need positive_need() const override { return {{}, codes_}; }

 private:
  const std::vector<std::int64_t> codes_;
};

}  // namespace

MatcherResult compile_status_matcher(MatcherFields fields, const yaml::Node& node) {
  auto codes = M8_TRY(int_list_field(node, "status"));
  if (codes.empty()) return invalid(node, "matcher status has no codes");
  return std::unique_ptr<Matcher>(new StatusMatcher(std::move(fields), std::move(codes)));
}

}  // namespace m8::operators
