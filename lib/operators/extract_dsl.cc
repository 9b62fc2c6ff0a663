// DSL extractor: values of expressions over the event map (templates 7.1, dsl.md 4).

#include <fmt/format.h>

#include "dsl/expression.h"
#include "operators/extractor.h"
#include "operators/fields.h"

namespace m8::operators {
namespace {

class DslExtractor final : public Extractor {
 public:
  DslExtractor(ExtractorFields fields, std::vector<dsl::Expression> expressions)
      : Extractor(std::move(fields)), expressions_(std::move(expressions)) {}

 protected:
  dsl::List values(const Parts& parts, Context& context) const override {
    dsl::List out;
    for (const dsl::Expression& expression : expressions_) {
      const auto value = expression.eval(parts, context.services);
      if (!value) {
        if (value.error().code == ErrorCode::kNotFound) continue;
        break;
      }
      if (value->is_nil()) continue;
      if (std::string text = value->go_text(); !text.empty()) out.push_back(std::move(text));
    }
    return out;
  }

 private:
  const std::vector<dsl::Expression> expressions_;
};

}  // namespace

ExtractorResult compile_dsl_extractor(ExtractorFields fields, const yaml::Node& node) {
  std::vector<dsl::Expression> expressions;
  for (const std::string& text : M8_TRY(list_field(node, "dsl"))) {
    auto compiled = dsl::Expression::compile(text);
    if (!compiled) {
      return compiled.error().with_context(
          fmt::format("could not compile DSL expression \"{}\"", text));
    }
    expressions.push_back(std::move(*compiled));
  }
  return std::unique_ptr<Extractor>(new DslExtractor(std::move(fields), std::move(expressions)));
}

}  // namespace m8::operators
