#include "enumerate/sources/settings.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "base/yaml.h"
#include "cli/spelling.h"
#include "enumerate/sources/registry.h"
#include "http/text.h"
#include "net/rate_limiter.h"
#include "net/url.h"

namespace m8::enumerate::sources {
namespace {

Error bad_line(const yaml::Node& node, const char* reason) {
  return {ErrorCode::kInvalidArgument, fmt::format("line {}: {}", node.key_line(), reason)};
}

std::string substitute(const std::string& text, const Environment& environment) {
  if (!text.starts_with('$')) return text;
  const bool braces = text.starts_with("${") && text.ends_with('}');
  return environment(braces ? text.substr(2, text.size() - 3) : text.substr(1));
}

/// A list of keys, or one key.
Status read_keys(const yaml::Node& node, const Environment& environment,
                 std::vector<std::string>& keys) {
  if (node.is_map()) return bad_line(node, "keys are texts");
  const auto items = node.is_scalar() ? std::span(&node, 1) : node.items();
  for (const auto& item : items) {
    if (!item.is_scalar()) return bad_line(node, "keys are texts");
    std::string key = substitute(std::string(trim(item.text())), environment);
    if (!key.empty()) keys.push_back(std::move(key));
  }
  return {};
}

Status read_source(const yaml::Node& node, const Environment& environment, Settings& settings) {
  if (!node.is_map()) return read_keys(node, environment, settings.keys);
  for (const auto& [name, value] : node.members()) {
    if (name == "keys") {
      M8_TRY(read_keys(value, environment, settings.keys));
    } else if (name == "url") {
      settings.url = value.text();
    } else if (name == "rate") {
      settings.rate = value.text();
    } else {
      return bad_line(value, "not one of keys, url, rate");
    }
  }
  if (!settings.url.empty() && !net::Url::parse(settings.url).ok())
    return bad_line(node, "its url is none");
  if (!settings.rate.empty() && !net::Rate::parse(settings.rate).ok())
    return bad_line(node, "its rate is none");
  return {};
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const Source* source : registry()) names.emplace_back(source->name);
  return names;
}

Error unknown_source(const std::string& name) {
  const std::string near = cli::nearest(name, known_names());
  return {ErrorCode::kInvalidArgument,
          fmt::format("no such source: {}{}", name,
                      near.empty() ? "" : " (did you mean " + near + "?)")};
}

Status check_names(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (find_source(name) == nullptr) return unknown_source(name);
  }
  return {};
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Result<AllSettings> parse_settings(std::string_view yaml_text, const Environment& environment) {
  const yaml::Tree root = M8_TRY(yaml::parse(yaml_text));
  AllSettings all;
  if (root.is_null()) return all;
  if (!root.is_map()) return bad_line(root, "not a map of sources");
  for (const auto& [name, node] : root.members())
    M8_TRY(read_source(node, environment, all[http::lower_text(name)]));
  return all;
}

std::string key_variable(std::string_view source) {
  std::string name = "M8_SOURCE_";
  for (const char c : source) name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return name + "_KEY";
}

void add_environment(AllSettings& settings, const Environment& environment) {
  for (const Source* source : registry()) {
    std::string rest = environment(key_variable(source->name));
    if (rest.empty() || source->key == Key::kNone) continue;
    auto& keys = settings[std::string(source->name)].keys;
    keys.clear();
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view key = trim(std::string_view(rest).substr(0, comma));
      if (!key.empty()) keys.emplace_back(key);
      rest.erase(0, comma + 1);
    }
  }
}

Status assign(AllSettings& settings, const std::vector<std::string>& assignments,
              std::string Settings::*member, std::string_view what) {
  for (const auto& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("{}: not name=value: {}", what, assignment)};
    }
    const std::string name = assignment.substr(0, equals), value = assignment.substr(equals + 1);
    if (find_source(name) == nullptr) return unknown_source(name).with_context(what);
    const bool is_url = member == &Settings::url;
    const bool good = is_url ? net::Url::parse(value).ok() : net::Rate::parse(value).ok();
    if (!good) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("{}: {}: {}", what, name, is_url ? "no URL" : "no rate")};
    }
    settings[name].*member = value;
  }
  return {};
}

std::vector<std::string> unknown_names(const AllSettings& settings) {
  std::vector<std::string> unknown;
  for (const auto& [name, _] : settings) {
    if (find_source(name) == nullptr) unknown.push_back(name);
  }
  return unknown;
}

Result<std::vector<Chosen>> choose(const Selection& selection, const AllSettings& settings) {
  M8_TRY(check_names(selection.only));
  M8_TRY(check_names(selection.exclude));
  std::vector<Chosen> chosen;
  for (const Source* source : registry()) {
    Chosen one{source, {}, contains(selection.only, source->name)};
    if (const auto known = settings.find(source->name); known != settings.end())
      one.settings = known->second;
    const bool wanted = selection.only.empty() ? !one.lacks_key() : one.named;
    if (!wanted || contains(selection.exclude, source->name)) continue;
    if (selection.recursive && !source->recursive) continue;
    chosen.push_back(std::move(one));
  }
  return chosen;
}

}  // namespace m8::enumerate::sources
