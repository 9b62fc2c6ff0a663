// XPath extractor: the text of nodes, or one attribute of them (templates 7.1).

#include "match/markup.h"
#include "operators/extractor.h"
#include "operators/fields.h"

namespace m8::operators {
namespace {

class XPathExtractor final : public Extractor {
 public:
  XPathExtractor(ExtractorFields fields, std::vector<std::string> expressions,
                 std::string attribute)
      : Extractor(std::move(fields)),
        expressions_(std::move(expressions)),
        attribute_(std::move(attribute)) {}

 protected:
  dsl::List values(const Parts& parts, Context& context) const override {
    dsl::List out;
    const auto text = parts.text(fields_.part);
    const auto document = text ? match::Markup::parse(*text) : std::nullopt;
    if (!document) return out;
    for (const std::string& expression : expressions_) {
      auto found = document->select(expression, attribute_);
      if (!found) {
        context.warnings.push_back(found.error().message);
        continue;
      }
      out.insert(out.end(), std::make_move_iterator(found->begin()),
                 std::make_move_iterator(found->end()));
    }
    return out;
  }

 private:
  const std::vector<std::string> expressions_;
  const std::string attribute_;
};

}  // namespace

ExtractorResult compile_xpath_extractor(ExtractorFields fields, const yaml::Node& node) {
  std::vector<std::string> expressions = M8_TRY(list_field(node, "xpath"));
  std::string attribute = M8_TRY(text_field(node, "attribute"));
  return std::unique_ptr<Extractor>(
      new XPathExtractor(std::move(fields), std::move(expressions), std::move(attribute)));
}

}  // namespace m8::operators
