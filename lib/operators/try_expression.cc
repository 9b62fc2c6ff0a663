#include "operators/try_expression.h"

#include <fmt/format.h>

#include "base/file.h"
#include "dsl/expression.h"

namespace m8::operators {
namespace {

/// Longer texts are told by their length: the part itself is shown elsewhere.
constexpr std::size_t kShownText = 60;

std::string value_of(const Parts& parts, const std::string& name) {
  const dsl::Value* value = parts.find(name);
  if (value == nullptr) return name + " is missing";
  const std::string text = value->text();
  const bool quoted = value->as<std::string>() != nullptr;
  if (text.size() > kShownText) return fmt::format("{} = {} bytes", name, text.size());
  return fmt::format("{} = {}{}{}", name, quoted ? "\"" : "", text, quoted ? "\"" : "");
}

std::string values_of(const Parts& parts, const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + value_of(parts, name);
  return out;
}

/// Walks \p text; tells of each character whether it is outside of strings and brackets.
class Outside {
 public:
  bool step(char c) {
    if (quote_ != 0) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == quote_) {
        quote_ = 0;
      }
      return false;
    }
    if (c == '"' || c == '\'' || c == '`') quote_ = c;
    if (c == ')' || c == ']') --depth_;
    const bool outside = depth_ == 0 && quote_ == 0;
    if (c == '(' || c == '[') ++depth_;
    return outside;
  }
  int depth() const { return depth_; }

 private:
  char quote_ = 0;
  bool escaped_ = false;
  int depth_ = 0;
};

/// True if the first parenthesis of \p text is closed by its last character.
bool is_enclosed(std::string_view text) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return false;
  Outside outside;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    outside.step(text[i]);
    if (outside.depth() == 0) return false;
  }
  return true;
}

}  // namespace

Tried try_expression(std::string_view text, const Parts& parts, Context& context) {
  Tried out{std::string(text), false, std::nullopt, ""};
  const auto expression = dsl::Expression::compile(text);
  if (!expression) {
    out.seen = expression.error().message;
    return out;
  }
  const auto value = expression->eval(parts, context.services);
  const bool* truth = value ? value->as<bool>() : nullptr;
  out.found = truth != nullptr && *truth;
  out.seen = values_of(parts, expression->variables());
  std::string note;
  if (!value) note = value.error().message;
  if (value && truth == nullptr) note = fmt::format("is {}, no boolean", value->text());
  if (!note.empty()) out.seen += (out.seen.empty() ? "" : "; ") + note;
  return out;
}

std::vector<std::string> top_level_operands(std::string_view text) {
  text = trim(text);
  while (is_enclosed(text)) text = trim(text.substr(1, text.size() - 2));
  std::vector<std::string> out;
  Outside outside;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool here = outside.step(text[i]);
    const bool pair =
        here && i + 1 < text.size() && text[i] == text[i + 1] && (text[i] == '&' || text[i] == '|');
    if (!pair) continue;
    out.emplace_back(trim(text.substr(begin, i - begin)));
    begin = i + 2;
    ++i;
  }
  if (!out.empty()) out.emplace_back(trim(text.substr(begin)));
  return out;
}

}  // namespace m8::operators
