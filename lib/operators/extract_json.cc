// Json extractor: jq programs on a part that is one JSON document (templates 7.1).

#include <fmt/format.h>

#include "base/json.h"
#include "dsl/go_json.h"
#include "dsl/number.h"
#include "match/jq.h"
#include "operators/extractor.h"
#include "operators/fields.h"

namespace m8::operators {
namespace {

constexpr std::chrono::milliseconds kLimit{1000};

/// As the reference writes it: null is an empty value, numbers have no exponent.
std::string value_text(const match::JqValue& value) {
  if (value.is_string) return value.text;
  const auto parsed = json::parse(value.text);
  if (!parsed || parsed->type() == json::Value::Type::kNull) return {};
  switch (parsed->type()) {
    case json::Value::Type::kInt:
    case json::Value::Type::kDouble:
      return dsl::plain_text(parsed->as_double());
    default:
      return dsl::minified(*parsed);
  }
}

class JsonExtractor final : public Extractor {
 public:
  JsonExtractor(ExtractorFields fields, std::vector<std::string> programs)
      : Extractor(std::move(fields)), programs_(std::move(programs)) {}

 protected:
  dsl::List values(const Parts& parts, Context& context) const override {
    dsl::List out;
    const auto text = parts.text(fields_.part);
    if (!text || !json::parse(*text)) return out;
    for (const std::string& program : programs_) {
      const auto found = match::run_jq(program, *text, kLimit);
      if (!found) {
        context.warnings.push_back(fmt::format("{} ({})", found.error().message, program));
        continue;
      }
      for (const match::JqValue& value : *found) out.push_back(value_text(value));
    }
    return out;
  }

 private:
  const std::vector<std::string> programs_;
};

}  // namespace

ExtractorResult compile_json_extractor(ExtractorFields fields, const yaml::Node& node) {
  auto programs = M8_TRY(list_field(node, "json"));
  for (const std::string& program : programs) match::JqPrograms::note(program);
  return std::unique_ptr<Extractor>(new JsonExtractor(std::move(fields), std::move(programs)));
}

}  // namespace m8::operators
