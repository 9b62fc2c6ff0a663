// DSL matcher: boolean expressions over the event map (templates 6.1, dsl.md 4).

#include <fmt/format.h>

#include "dsl/expression.h"
#include "dsl/render.h"
#include "operators/fields.h"
#include "operators/matcher.h"
#include "operators/try_expression.h"

namespace m8::operators {
namespace {

/// One line of a `dsl:` list. With markers in it the text is compiled for each event.
struct Line {
  std::string text;
  std::optional<dsl::Expression> compiled;
};

class DslMatcher final : public Matcher {
 public:
  DslMatcher(MatcherFields fields, std::vector<Line> lines)
      : Matcher(std::move(fields)), lines_(std::move(lines)) {}

  std::vector<Tried> tried(const Parts& parts, Context& context) const override {
    std::vector<Tried> out;
    for (const Line& line : lines_) {
      const std::string text = line.compiled ? line.text : dsl::fill_literals(line.text, parts);
      out.push_back(try_expression(text, parts, context));
      const auto operands = top_level_operands(text);
      for (const std::string& operand : operands) {
        Tried one = try_expression(operand, parts, context);
        one.wanted = "  " + one.wanted;
        out.push_back(std::move(one));
      }
    }
    return out;
  }

  bool reads_part_only() const override { return false; }

 protected:
  std::optional<bool> test(const Parts& parts, Context& context) const override {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const bool last = i + 1 == lines_.size();
      const auto value = eval(lines_[i], parts, context);
      if (!value) {
        if (fields_.all) return false;
        continue;
      }
      const bool* truth = value->as<bool>();
      if (truth == nullptr) {
        context.warnings.emplace_back(
            "The return value of a DSL statement must return a boolean value.");
        if (last) return false;  // the reference forgets it unless it is the last one
        continue;
      }
      if (*truth != fields_.all) return *truth;
    }
    return fields_.all;
  }

  Need positive_need() const override {
    std::vector<Need> needs;
    for (const Line& line : lines_)
      needs.push_back(line.compiled ? need_true(*line.compiled) : Need{});
    return fields_.all ? need_all(std::move(needs)) : need_any(std::move(needs));
  }

 private:
  static Result<dsl::Value> eval(const Line& line, const Parts& parts, Context& context) {
    if (line.compiled) return noted(line, line.compiled->eval(parts, context.services), context);
    auto expression = dsl::Expression::compile(dsl::fill_literals(line.text, parts));
    if (!expression) return noted(line, expression.error(), context);
    return noted(line, expression->eval(parts, context.services), context);
  }

  /// Missing names are part of the game; every other error is worth a warning.
  static Result<dsl::Value> noted(const Line& line, Result<dsl::Value> value, Context& context) {
    if (!value && value.error().code != ErrorCode::kNotFound) {
      context.warnings.push_back(fmt::format("dsl '{}': {}", line.text, value.error().message));
    }
    return value;
  }

  const std::vector<Line> lines_;
};

}  // namespace

MatcherResult compile_dsl_matcher(MatcherFields fields, const yaml::Node& node) {
  std::vector<Line> lines;
  for (const std::string& text : M8_TRY(list_field(node, "dsl"))) {
    Line line{text, std::nullopt};
    if (!dsl::has_markers(text)) {
      auto compiled = dsl::Expression::compile(text);
      if (!compiled) {
        return compiled.error().with_context(
            fmt::format("could not compile DSL expression \"{}\"", text));
      }
      line.compiled = std::move(*compiled);
    }
    lines.push_back(std::move(line));
  }
  if (lines.empty()) return invalid(node, "matcher dsl has no expressions");
  return std::unique_ptr<Matcher>(new DslMatcher(std::move(fields), std::move(lines)));
}

}  // namespace m8::operators
