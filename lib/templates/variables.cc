#include "templates/variables.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>

#include "dsl/expression.h"
#include "dsl/render.h"

namespace m8::templates {
namespace {

using Values = std::shared_ptr<const dsl::Variables>;

// As plain substrings anywhere in a value: "Hostname" inside a longer word counts (2.4.2).
constexpr std::array<std::string_view, 16> kTargetNames = {
    "BaseURL", "RootURL", "Hostname", "Host", "Port", "Path", "Query", "File",
    "Scheme",  "Input",   "FQDN",     "RDN",  "DN",   "TLD",  "SD",    "interactsh-url"};

bool mentions_target(std::string_view text) {
  return std::any_of(kTargetNames.begin(), kTargetNames.end(), [&](std::string_view name) {
    return text.find(name) != std::string_view::npos;
  });
}

bool defines(const NamedTexts& variables, std::string_view name) {
  return std::any_of(variables.begin(), variables.end(),
                     [&](const auto& variable) { return variable.first == name; });
}

/// True if \p text has a marker whose expression reads a name that \p variables do not define.
bool reads_unknown(std::string_view text, const NamedTexts& variables) {
  for (auto at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
    const auto end = text.find("}}", at);
    if (end == std::string_view::npos) return false;
    const auto expression = dsl::Expression::compile(text.substr(at + 2, end - at - 2));
    if (!expression.ok()) continue;
    for (const std::string& name : expression->variables())
      if (!defines(variables, name)) return true;
  }
  return false;
}

dsl::Value rendered(const std::string& text, const dsl::Names& names, dsl::Services& services) {
  if (!dsl::has_markers(text)) return text;
  auto value = dsl::render(text, names, services);
  return value.ok() ? std::move(value).value() : text;
}

/// \p text with URLs in place of its markers; as it is if nobody makes URLs.
std::string with_urls(const std::string& text, protocols::InteractionUrls* urls) {
  return urls == nullptr ? text : urls->fill(text).value_or(text);
}

/// Each variable may use the earlier ones; a name that is known already keeps its known value.
Values evaluate(const NamedTexts& variables, const dsl::Names& known, dsl::Services& services,
                protocols::InteractionUrls* urls) {
  auto values = std::make_shared<dsl::Variables>();
  for (const auto& [name, text] : variables) {
    const dsl::Value* existing = known.find(name);
    const dsl::Layered names(*values, known);
    values->set(name, existing ? *existing : rendered(with_urls(text, urls), names, services));
  }
  return values;
}

/// The variables of one template.
struct VariableMap {
  VariableMap(NamedTexts of, bool forced) : texts(std::move(of)), is_forced(forced) {}

  /// Null if they must be evaluated for each request.
  const Values& eager_values(dsl::Services& services) {
    std::call_once(once, [&] {
      if (is_forced || !needs_lazy_evaluation(texts))
        values = evaluate(texts, dsl::Variables(), services, nullptr);
    });
    return values;
  }

  const NamedTexts texts;
  const bool is_forced;
  std::once_flag once;
  Values values;
};

/// \p values with those replaced that are known under the same name.
Values overridden(const Values& values, const dsl::Names& known) {
  std::shared_ptr<dsl::Variables> changed;
  for (const auto& [name, value] : *values) {
    const dsl::Value* existing = known.find(name);
    if (!existing) continue;
    if (!changed) changed = std::make_shared<dsl::Variables>(*values);
    changed->set(name, *existing);
  }
  return changed ? Values(std::move(changed)) : values;
}

}  // namespace

bool needs_lazy_evaluation(const NamedTexts& variables) {
  return std::any_of(variables.begin(), variables.end(), [&](const auto& variable) {
    return mentions_target(variable.second) || reads_unknown(variable.second, variables);
  });
}

protocols::VariablesHook make_variables_hook(NamedTexts variables, bool eager,
                                             dsl::Services& services) {
  if (variables.empty()) return {};
  // Shared by the copies of the hook: every run of the template on a target has one.
  const auto map = std::make_shared<VariableMap>(std::move(variables), eager);
  return [map, &services](const dsl::Names& known,
                          protocols::InteractionUrls& urls) -> Result<Values> {
    const Values& values = map->eager_values(services);
    return values ? overridden(values, known) : evaluate(map->texts, known, services, &urls);
  };
}

}  // namespace m8::templates
