#include "issues/import.h"

#include <charconv>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "model/event_read.h"
#include "model/issue.h"
#include "net/url.h"

namespace m8::issues {
namespace {

using Rules = std::map<std::string, std::shared_ptr<model::TemplateInfo>, std::less<>>;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

std::string_view text_of(const json::Value& object, std::string_view name) {
  const json::Value* message = object.find(name);
  return message == nullptr ? std::string_view() : message->string_at("text");
}

/// GitHub's and the reference's scale: CVSS as text.
std::optional<model::Severity> severity_of_score(std::string_view score) {
  double value = 0;
  const auto [end, error] = std::from_chars(score.data(), score.data() + score.size(), value);
  if (error != std::errc() || end != score.data() + score.size()) return std::nullopt;
  if (value >= 9) return model::Severity::kCritical;
  if (value >= 7) return model::Severity::kHigh;
  if (value >= 4) return model::Severity::kMedium;
  return value >= 2 ? model::Severity::kLow : model::Severity::kInfo;
}

model::Severity severity_of_level(std::string_view level) {
  if (level == "error") return model::Severity::kHigh;
  if (level == "note") return model::Severity::kLow;
  return level == "none" ? model::Severity::kInfo : model::Severity::kMedium;
}

void read_rule(const json::Value& rule, Rules& rules) {
  auto info = std::make_shared<model::TemplateInfo>();
  info->id = rule.string_at("id");
  info->name = rule.string_at("name");
  if (info->name.empty()) info->name = text_of(rule, "shortDescription");
  info->description = text_of(rule, "fullDescription");
  if (const auto help = rule.string_at("helpUri"); !help.empty())
    info->reference.emplace_back(help);
  if (const json::Value* properties = rule.find("properties")) {
    info->severity = severity_of_score(properties->string_at("security-severity"))
                         .value_or(model::Severity::kUnknown);
    if (const json::Value* tags = properties->find("tags")) {
      for (const json::Value& tag : tags->items()) info->tags.emplace_back(tag.as_string());
    }
  }
  if (!info->id.empty()) rules.emplace(info->id, std::move(info));
}

Rules read_rules(const json::Value& run) {
  Rules rules;
  const json::Value* tool = run.find("tool");
  const json::Value* driver = tool == nullptr ? nullptr : tool->find("driver");
  const json::Value* list = driver == nullptr ? nullptr : driver->find("rules");
  if (list == nullptr) return rules;
  for (const json::Value& rule : list->items()) read_rule(rule, rules);
  return rules;
}

/// The first location as a URL or HOST/PATH; empty if there is none. The reference writes the path
/// as the artifact and HOST/PATH as the text.
std::string place_of(const json::Value& result) {
  const json::Value* locations = result.find("locations");
  if (locations == nullptr || locations->items().empty()) return {};
  const json::Value& first = locations->items()[0];
  const json::Value* physical = first.find("physicalLocation");
  const json::Value* artifact = physical == nullptr ? nullptr : physical->find("artifactLocation");
  const std::string uri(artifact == nullptr ? std::string_view() : artifact->string_at("uri"));
  if (uri.find("://") != uri.npos) return uri;
  const std::string_view text = text_of(first, "message");
  return text.empty() ? uri : std::string(text);
}

std::string rule_id(const json::Value& result) {
  if (const auto id = result.string_at("ruleId"); !id.empty()) return std::string(id);
  const json::Value* rule = result.find("rule");
  return rule == nullptr ? std::string() : std::string(rule->string_at("id"));
}

/// The rule of \p result with its own severity.
std::shared_ptr<const model::TemplateInfo> info_of(const json::Value& result, const Rules& rules,
                                                   const std::string& id) {
  const auto known = rules.find(id);
  if (known != rules.end() && known->second->severity != model::Severity::kUnknown)
    return known->second;
  auto info = known == rules.end() ? std::make_shared<model::TemplateInfo>()
                                   : std::make_shared<model::TemplateInfo>(*known->second);
  info->id = id;
  info->severity = severity_of_level(result.string_at("level"));
  return info;
}

Result<model::Finding> read_result(const json::Value& result, const Rules& rules) {
  const std::string id = rule_id(result);
  if (id.empty()) return Error{ErrorCode::kInvalidArgument, "no rule"};
  const std::string place = place_of(result);
  if (place.empty()) return Error{ErrorCode::kInvalidArgument, "no location"};
  model::Finding finding;
  finding.info = info_of(result, rules, id);
  finding.matched_at = place;
  if (const auto url = net::Url::parse(place)) {
    finding.host = url->host;
    finding.scheme = url->scheme;
    finding.path = url->path;
    finding.url = url->scheme + "://" + url->authority();
  } else {
    finding.host = place.substr(0, place.find('/'));
  }
  return finding;
}

char status_of(const json::Value& event) {
  const json::Value* ours = event.find("m8");
  return ours == nullptr ? 'U' : model::parse_status(ours->string_at("status")).value_or('U');
}

Status read_run(const json::Value& run, const EachFinding& each,
                const std::function<void(const std::string&)>& broken, ImportCounts& counts) {
  const Rules rules = read_rules(run);
  const json::Value* results = run.find("results");
  if (results == nullptr) return {};
  for (const json::Value& result : results->items()) {
    const auto finding = read_result(result, rules);
    if (finding.ok()) {
      ++counts.findings;
      const json::Value* suppressions = result.find("suppressions");
      const bool suppressed = suppressions != nullptr && !suppressions->items().empty();
      M8_TRY(each(*finding, suppressed ? 'I' : 'U'));
      continue;
    }
    ++counts.broken;
    const auto number = counts.findings + counts.broken;
    if (broken) broken(fmt::format("result {}: {}", number, finding.error().message));
  }
  return {};
}

}  // namespace

Result<ImportCounts> read_jsonl(const std::function<bool(std::string&)>& next_line,
                                const EachFinding& each,
                                const std::function<void(const std::string&)>& broken) {
  ImportCounts counts;
  std::string line;
  for (std::uint64_t number = 1; next_line(line); ++number) {
    if (is_blank(line)) continue;
    const auto event = json::parse(line);
    const Result<model::Finding> finding =
        event.ok() ? model::read_event(*event) : Result<model::Finding>(event.error());
    if (finding.ok()) {
      ++counts.findings;
      M8_TRY(each(*finding, status_of(*event)));
      continue;
    }
    ++counts.broken;
    broken(fmt::format("line {}: {}", number, finding.error().message));
  }
  return counts;
}

Result<ImportCounts> read_sarif(std::string_view text, const EachFinding& each,
                                const std::function<void(const std::string&)>& broken) {
  const auto log = M8_TRY(json::parse(text));
  const json::Value* runs = log.find("runs");
  if (runs == nullptr || !runs->is_array())
    return Error{ErrorCode::kInvalidArgument, "SARIF: no runs"};
  ImportCounts counts;
  for (const json::Value& run : runs->items()) M8_TRY(read_run(run, each, broken, counts));
  return counts;
}

}  // namespace m8::issues
