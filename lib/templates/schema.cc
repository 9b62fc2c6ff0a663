#include "templates/schema.h"

#include <algorithm>
#include <set>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace m8::templates {
namespace {

using Keys = std::span<const std::string_view>;

constexpr std::string_view kTop[] = {"id",
                                     "info",
                                     "flow",
                                     "requests",
                                     "http",
                                     "dns",
                                     "file",
                                     "network",
                                     "tcp",
                                     "headless",
                                     "ssl",
                                     "websocket",
                                     "whois",
                                     "code",
                                     "javascript",
                                     "workflows",
                                     "variables",
                                     "constants",
                                     "self-contained",
                                     "stop-at-first-match",
                                     "signature"};
constexpr std::string_view kInfo[] = {"name",     "author",        "severity",  "description",
                                      "impact",   "remediation",   "reference", "tags",
                                      "metadata", "classification"};
constexpr std::string_view kClassification[] = {
    "cve-id", "cwe-id", "cvss-metrics", "cvss-score", "cpe", "epss-score", "epss-percentile"};
constexpr std::string_view kHttp[] = {"path",
                                      "raw",
                                      "method",
                                      "headers",
                                      "body",
                                      "payloads",
                                      "attack",
                                      "id",
                                      "name",
                                      "matchers",
                                      "matchers-condition",
                                      "extractors",
                                      "redirects",
                                      "host-redirects",
                                      "protocol-redirects",
                                      "max-redirects",
                                      "stop-at-first-match",
                                      "skip-variables-check",
                                      "cookie-reuse",
                                      "req-condition",
                                      "disable-cookie",
                                      "unsafe",
                                      "read-all",
                                      "max-size",
                                      "threads",
                                      "race",
                                      "race_count",
                                      "pipeline",
                                      "pipeline-concurrent-connections",
                                      "pipeline-requests-per-connection",
                                      "iterate-all",
                                      "digest-username",
                                      "digest-password",
                                      "disable-path-automerge",
                                      "self-contained",
                                      "signature",
                                      "skip-secret-file",
                                      "fuzzing",
                                      "pre-condition",
                                      "pre-condition-operator",
                                      "analyzer",
                                      "global-matchers"};
constexpr std::string_view kMatcher[] = {
    "type",   "condition", "name",  "negative", "internal",         "match-all", "part",  "dsl",
    "status", "size",      "words", "encoding", "case-insensitive", "binary",    "regex", "xpath"};
constexpr std::string_view kExtractor[] = {
    "type", "name",  "part", "internal", "case-insensitive", "regex", "kval",
    "json", "xpath", "dsl",  "group",    "attribute"};

Status check_map(const yaml::Node& node, Keys known, std::string_view where) {
  for (const auto& [key, value] : node.members()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("line {}: unknown key '{}' in {}", value.line(), key, where)};
  }
  return {};
}

Status check_each(const yaml::Node* list, Keys known, std::string_view where) {
  if (!list) return {};
  for (const yaml::Node& item : list->items()) M8_TRY(check_map(item, known, where));
  return {};
}

Status check_http_block(const yaml::Node& block) {
  M8_TRY(check_map(block, kHttp, "http"));
  M8_TRY(check_each(block.find("matchers"), kMatcher, "matchers"));
  return check_each(block.find("extractors"), kExtractor, "extractors");
}

// The reader caps the depth, so this recursion is bounded.
Status check_duplicates(const yaml::Node& node) {
  std::set<std::string_view> seen;
  for (const auto& [key, value] : node.members()) {
    if (!seen.insert(key).second)
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("line {}: duplicate key '{}'", value.line(), key)};
    M8_TRY(check_duplicates(value));
  }
  for (const yaml::Node& item : node.items()) M8_TRY(check_duplicates(item));
  return {};
}

}  // namespace

Status check_keys(const yaml::Node& root) {
  M8_TRY(check_duplicates(root));
  M8_TRY(check_map(root, kTop, "the template"));
  if (const auto* info = root.find("info")) {
    M8_TRY(check_map(*info, kInfo, "info"));
    if (const auto* classification = info->find("classification"))
      M8_TRY(check_map(*classification, kClassification, "classification"));
  }
  for (const char* name : {"http", "requests"}) {
    const auto* blocks = root.find(name);
    if (!blocks) continue;
    for (const yaml::Node& block : blocks->items()) M8_TRY(check_http_block(block));
  }
  return {};
}

}  // namespace m8::templates
