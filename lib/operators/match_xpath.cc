// XPath matcher: expressions select at least one node of the part (templates 6.1).

#include "match/markup.h"
#include "operators/fields.h"
#include "operators/matcher.h"

namespace m8::operators {
namespace {

class XPathMatcher final : public Matcher {
 public:
  XPathMatcher(MatcherFields fields, std::vector<std::string> expressions)
      : Matcher(std::move(fields)), expressions_(std::move(expressions)) {}

  std::vector<Tried> tried(const Parts& parts, Context&) const override {
    std::vector<Tried> out;
    const auto text = parts.text(fields_.part);
    const auto document = text ? match::Markup::parse(*text) : std::nullopt;
    for (const std::string& expression : expressions_) {
      Tried one{expression, false, std::nullopt, "the part is no document"};
      if (document) {
        const auto nodes = document->select(expression);
        one.found = nodes && !nodes->empty();
        one.seen = !nodes ? nodes.error().message : nodes->empty() ? "no nodes" : nodes->front();
      }
      if (text) out.push_back(std::move(one));
    }
    return out;
  }

 protected:
  std::optional<bool> test(const Parts& parts, Context& context) const override {
    const auto text = parts.text(fields_.part);
    if (!text) return std::nullopt;
    const auto document = match::Markup::parse(*text);
    if (!document) return false;
    for (const std::string& expression : expressions_) {
      const auto nodes = document->select(expression);
      if (!nodes) context.warnings.push_back(nodes.error().message);
      const bool found = nodes && !nodes->empty();
      if (found != fields_.all) return found;
    }
    return fields_.all;
  }

 private:
  const std::vector<std::string> expressions_;
};

}  // namespace

MatcherResult compile_xpath_matcher(MatcherFields fields, const yaml::Node& node) {
  std::vector<std::string> expressions = M8_TRY(list_field(node, "xpath"));
  if (expressions.empty()) return invalid(node, "matcher xpath has no expressions");
  return std::unique_ptr<Matcher>(new XPathMatcher(std::move(fields), std::move(expressions)));
}

}  // namespace m8::operators
