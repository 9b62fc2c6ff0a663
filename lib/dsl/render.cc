#include "dsl/render.h"

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "base/guarded.h"
#include "base/hash.h"
#include "base/regex.h"
#include "dsl/expression.h"
#include "dsl/function.h"
#include "dsl/operand.h"
#include "dsl/parser.h"

namespace m8::dsl {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kSection = "§";
constexpr int kMaxRounds = 250;
constexpr auto kNone = std::string_view::npos;

/// What can be said of the text between braces without knowing any variable.
struct Inner {
  bool parses_bare = false;        ///< is an expression even if no function were known
  bool mentions_function = false;  ///< the name of one is in it somewhere
  std::optional<Expression> compiled;
  Error error;  ///< when not compiled
};

Inner analyse(std::string_view text) {
  Inner inner;
  inner.parses_bare = parse(text, false).ok();
  for (const std::string& name : function_names()) {
    if (text.find(name) != kNone) inner.mentions_function = true;
  }
  auto compiled = Expression::compile(text);
  if (compiled.ok()) {
    inner.compiled = std::move(*compiled);
  } else {
    inner.error = compiled.error();
  }
  return inner;
}

/// analyse(), remembered: the same template text is rendered for every target.
std::shared_ptr<const Inner> look_up(std::string_view text) {
  constexpr std::size_t kMaxEntries = 8192;
  using Cache =
      std::unordered_map<std::string, std::shared_ptr<const Inner>, SeededHash, std::equal_to<>>;
  static Guarded<Cache> cache;
  {
    auto held = cache.lock();
    const auto it = held->find(text);
    if (it != held->end()) return it->second;
  }
  auto inner = std::make_shared<const Inner>(analyse(text));
  auto held = cache.lock();
  if (held->size() >= kMaxEntries) held->clear();
  held->emplace(text, inner);
  return inner;
}

bool mentions_variable(std::string_view text, const Names& names) {
  bool found = false;
  names.each_name([&](std::string_view name) { found = found || text.find(name) != kNone; });
  return found;
}

/// dsl.md 5.1, for a text that is not the name of a variable.
bool is_expression(std::string_view text, const Inner& inner, const Names& names) {
  if (inner.parses_bare) return inner.mentions_function || mentions_variable(text, names);
  return inner.compiled.has_value() || inner.error.code == ErrorCode::kUnsupported;
}

/// Position of the }} that could end an expression which begins at \p at: the first outside of
/// string literals and brackets. An earlier one leaves a literal open, and a later one would put
/// braces among the operators, so no other needs to be tried.
std::size_t closing(std::string_view text, std::size_t at) {
  char until = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      ++at;
    } else if (until != 0) {
      if (c == until) until = 0;
    } else if (c == '"' || c == '\'') {
      until = c;
    } else if (c == '[') {
      until = ']';
    } else if (c == '}' && text.substr(at).starts_with(kClose)) {
      return at;
    }
  }
  return kNone;
}

/// Appends \p value, escaped for a string literal in \p quote unless that is 0.
void append_value(std::string& out, const Value& value, char quote) {
  const Text text(value);
  if (quote == 0) {
    out += text.view();
    return;
  }
  for (const char c : text.view()) {
    if (c == '\\' || c == quote) out += '\\';
    out += c;
  }
}

/// Replaces {{name}} and §name§; unknown names stay. Stops above the size that a result may have:
/// texts of markers whose values are texts of markers would double with each step.
class PlainText {
 public:
  PlainText(std::string_view text, const Names& names, char quote, std::string& out)
      : text_(text), names_(names), quote_(quote), out_(out) {}

  void run() {
    std::size_t open = text_.find(kOpen);
    std::size_t section = text_.find(kSection);
    while ((open != kNone || section != kNone) && out_.size() <= kMaxResultBytes) {
      if (open < section) {
        braces(open);
      } else {
        between_sections(section);
      }
      if (open < at_) open = text_.find(kOpen, at_);
      if (section < at_) section = text_.find(kSection, at_);
    }
    copy_until(text_.size());
  }

 private:
  void copy_until(std::size_t end) {
    out_ += text_.substr(at_, end - at_);
    at_ = end;
  }

  /// Replaces name and marker; false if nothing has that name.
  bool put(std::string_view name) {
    const Value* value = names_.find(name);
    if (value != nullptr) append_value(out_, *value, quote_);
    return value != nullptr;
  }

  void braces(std::size_t open) {
    std::size_t name = open + kOpen.size();
    const std::size_t close = text_.find(kClose, name);
    if (close == kNone) return copy_until(text_.size());
    // The innermost marker wins.
    const std::size_t inner = text_.substr(name, close - name).rfind(kOpen);
    if (inner != kNone) name += inner + kOpen.size();
    copy_until(name - kOpen.size());
    const std::size_t end = close + kClose.size();
    if (!put(text_.substr(name, close - name))) return copy_until(end);
    at_ = end;
  }

  void between_sections(std::size_t open) {
    const std::size_t name = open + kSection.size();
    const std::size_t close = text_.find(kSection, name);
    if (close == kNone) return copy_until(name);
    copy_until(open);
    const std::string_view inner = text_.substr(name, close - name);
    const std::size_t end = close + kSection.size();
    if (put(inner)) {
      at_ = end;
    } else {
      copy_until(inner.find(kOpen) == kNone ? end : name);
    }
  }

  std::string_view text_;
  const Names& names_;
  char quote_;
  std::string& out_;
  std::size_t at_ = 0;  ///< what is before is done
};

void append_plain(std::string& out, std::string_view text, const Names& names, char quote = 0) {
  PlainText(text, names, quote, out).run();
}

/// The markers in the variables \p expression read that \p result does not show, one after another.
/// Markers in its literals are its own text and go through the helpers (dsl.md 5.3).
std::string hidden_markers(const Expression& expression, const Names& names,
                           std::string_view result) {
  std::string hidden;
  for (const std::string& variable : expression.variables()) {
    const Value* value = names.find(variable);
    if (value == nullptr) continue;
    const Text text(*value);
    for (const std::string& name : unresolved(text.view())) {
      const std::string marker = fmt::format("{{{{{}}}}}", name);
      const bool shown = result.find(marker) != kNone || hidden.find(marker) != kNone;
      if (!shown) hidden += marker;
    }
  }
  return hidden;
}

Error failed(const char* step, std::string_view expression, const Error& cause) {
  return {cause.code, fmt::format("could not evaluate helper expressions: failed to {} expression "
                                  "\"{}\": {}",
                                  step, expression, cause.message)};
}

Result<std::string> evaluate(const Expression& expression, const Names& names, Services& services) {
  auto value = expression.eval(names, services);
  if (!value.ok()) return failed("evaluate", expression.text(), value.error());
  std::string result = value->text();
  if (!expression.calls_functions()) return result;
  std::string hidden = hidden_markers(expression, names, result);
  return hidden.empty() ? result : hidden;
}

Result<std::string> evaluate_inner(std::string_view text, const Inner& inner, const Names& names,
                                   Services& services) {
  if (!has_markers(text)) {
    if (!inner.compiled) return failed("compile", text, inner.error);
    return evaluate(*inner.compiled, names, services);
  }
  const std::string filled = fill_literals(text, names);
  const auto compiled = Expression::compile(filled);
  if (!compiled.ok()) return failed("compile", filled, compiled.error());
  return evaluate(*compiled, names, services);
}

/// Only digits and signs, or an expression that needs no variable: nothing is missing.
bool needs_nothing(const std::string& marker) {
  const bool wordless =
      marker.find_first_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") ==
      std::string::npos;
  if (wordless) return true;
  const auto compiled = Expression::compile(marker);
  return compiled.ok() && compiled->variables().empty();
}

}  // namespace

bool has_markers(std::string_view text) {
  return text.find(kOpen) != kNone || text.find(kSection) != kNone;
}

Result<std::string> render(std::string_view text, const Names& names, Services& services) {
  std::string out;
  constexpr std::size_t kUsualGrowth = 48;
  out.reserve(text.size() + kUsualGrowth);
  std::size_t done = 0;  // what is before is in `out`
  std::size_t at = 0;
  for (int round = 0; round <= kMaxRounds; ++round) {
    const std::size_t open = text.find(kOpen, at);
    if (open == kNone) break;
    at = open + kOpen.size();
    const std::size_t close = closing(text, at);
    if (close == kNone) continue;
    const std::string_view marker = text.substr(at, close - at);
    if (names.find(marker) != nullptr) continue;
    const auto inner = look_up(marker);
    if (!is_expression(marker, *inner, names)) continue;
    append_plain(out, text.substr(done, open - done), names);
    out += M8_TRY(evaluate_inner(marker, *inner, names, services));
    M8_TRY(check_size(out.size()));
    done = at = close + kClose.size();
  }
  append_plain(out, text.substr(done), names);
  M8_TRY(check_size(out.size()));
  return out;
}

std::string fill_literals(std::string_view expression, const Names& names) {
  std::string out;
  std::size_t at = 0;
  while (at < expression.size()) {
    const char c = expression[at];
    if (c == '\\') {
      out += expression.substr(at, 2);
      at += 2;
      continue;
    }
    out += c;
    ++at;
    if (c != '"' && c != '\'') continue;
    std::size_t end = at;
    while (end < expression.size() && expression[end] != c) end += expression[end] == '\\' ? 2 : 1;
    end = std::min(end, expression.size());
    append_plain(out, expression.substr(at, end - at), names, c);
    if (end < expression.size()) out += c;
    at = end + 1;
  }
  return out;
}

std::vector<std::string> unresolved(std::string_view text) {
  if (text.find(kOpen) == kNone && text.find("%7") == kNone) return {};
  static const Result<Regex> pattern =
      Regex::compile(R"((?:%7[B|b]|\{){2}([^}]+)(?:%7[D|d]|\}){2}["'\)\}]*)");
  std::vector<std::string> out;
  for (std::string& marker : pattern->find_all(text, 1)) {
    if (!needs_nothing(marker)) out.push_back(std::move(marker));
  }
  return out;
}

}  // namespace m8::dsl
