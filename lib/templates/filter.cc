#include "templates/filter.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include <fnmatch.h>

#include "base/json.h"

namespace m8::templates {
namespace {

template <typename T>
bool contains(const std::vector<T>& items, const T& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& item) { return contains(b, item); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool id_matches(const std::string& id, const std::vector<std::string>& patterns) {
  const std::string name = lower(id);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return ::fnmatch(lower(pattern).c_str(), name.c_str(), 0) == 0;
  });
}

/// Nearly every path is normal, and taking it apart to see that costs a thousand times the look.
std::string normal_path(std::string_view path) {
  const bool normal =
      !path.starts_with('.') && path.find("//") == path.npos && path.find("/.") == path.npos;
  return normal ? std::string(path) : std::filesystem::path(path).lexically_normal().string();
}

bool any_path(const std::string& path, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return path_matches(path, pattern); });
}

bool excluded(const Filter& filter, const Document& document) {
  const auto& info = *document.info;
  return any_path(info.path, filter.exclude_paths) || share(info.tags, filter.exclude_tags) ||
         id_matches(info.id, filter.exclude_ids) ||
         contains(filter.exclude_severities, info.severity) ||
         contains(filter.exclude_kinds, document.kind);
}

bool included(const Filter& filter, const Document& document) {
  const auto& info = *document.info;
  const auto severity_fits = [&] {
    return document.has_severity && contains(filter.severities, info.severity);
  };
  return (filter.authors.empty() || share(info.author, filter.authors)) &&
         (filter.tags.empty() || share(info.tags, filter.tags)) &&
         (filter.ids.empty() || id_matches(info.id, filter.ids)) &&
         (filter.severities.empty() || severity_fits()) &&
         (filter.kinds.empty() || contains(filter.kinds, document.kind));
}

dsl::Value value_of(const json::Value& value) {
  switch (value.type()) {
    case json::Value::Type::kBool:
      return value.as_bool();
    case json::Value::Type::kInt:
    case json::Value::Type::kDouble:
      return value.as_double();
    case json::Value::Type::kString:
      return value.as_string();
    default:
      break;
  }
  dsl::List list;
  for (const json::Value& item : value.items()) list.emplace_back(item.as_string());
  return list;
}

/// Measured: the reference sees the text of an empty Go struct where a template has no such list.
dsl::Value words_or_none(dsl::List words) {
  return words.empty() ? dsl::Value("{<nil>}") : dsl::Value(std::move(words));
}

void add_classification(const model::TemplateInfo& info, dsl::Variables& out) {
  if (!info.classification) return;
  const auto& classification = *info.classification;
  out.set("cvss_metrics", classification.cvss_metrics);
  out.set("cvss_score", classification.cvss_score.value_or(0));
  out.set("cve_id", words_or_none(classification.cve_id.value_or(dsl::List())));
  out.set("cwe_id", words_or_none(classification.cwe_id.value_or(dsl::List())));
  out.set("cpe", classification.cpe);
  out.set("epss_score", classification.epss_score.value_or(0));
  out.set("epss_percentile", classification.epss_percentile.value_or(0));
}

void add_metadata(const model::TemplateInfo& info, dsl::Variables& out) {
  for (const auto& [key, text] : info.metadata) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '-', '_');
    if (const auto value = json::parse(text); value.ok()) out.set(name, value_of(*value));
  }
}

}  // namespace

bool path_matches(std::string_view path, std::string_view pattern) {
  const std::string whole = normal_path(path);
  std::string clean = normal_path(pattern);
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  if (whole == clean) return true;
  if (whole.size() > clean.size() && whole.compare(0, clean.size(), clean) == 0 &&
      whole[clean.size()] == '/')
    return true;
  return ::fnmatch(clean.c_str(), whole.c_str(), FNM_PATHNAME) == 0;
}

dsl::Variables condition_variables(const Document& document) {
  const auto& info = *document.info;
  dsl::Variables out;
  add_metadata(info, out);
  out.set("id", info.id);
  out.set("name", info.name);
  out.set("description", info.description);
  out.set("tags", words_or_none(info.tags));
  out.set("authors", info.author);
  out.set("severity", document.has_severity ? to_string(info.severity) : "");
  out.set("protocol", to_string(document.kind));
  add_classification(info, out);
  if (document.kind == Kind::kHttp) {
    out.set("http_method", document.facts.methods);
    out.set("body", document.facts.body);
    out.set("matcher_type", document.facts.matcher_types);
    out.set("extractor_type", document.facts.extractor_types);
  }
  return out;
}

Status Filter::add_condition(std::string_view expression) {
  auto compiled = dsl::Expression::compile(expression);
  if (!compiled.ok()) return compiled.error().with_context("template condition");
  conditions.push_back(std::move(compiled).value());
  return {};
}

bool Filter::forces_in(const Document& document) const {
  return any_path(document.info->path, include_paths) || share(document.info->tags, include_tags);
}

bool Filter::selects(const Document& document, dsl::Services& services) const {
  if (!forces_in(document) && (excluded(*this, document) || !included(*this, document)))
    return false;
  if (conditions.empty()) return true;
  const dsl::Variables variables = condition_variables(document);
  return std::all_of(conditions.begin(), conditions.end(), [&](const dsl::Expression& condition) {
    const auto value = condition.eval(variables, services);
    const bool* truth = value.ok() ? value->as<bool>() : nullptr;
    return truth && *truth;
  });
}

}  // namespace m8::templates
