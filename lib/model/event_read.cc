#include "model/event_read.h"

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/url.h"

namespace m8::model {
namespace {

std::vector<std::string> texts_at(const json::Value& object, std::string_view name) {
  std::vector<std::string> out;
  const json::Value* list = object.find(name);
  if (list == nullptr) return out;
  if (list->is_string()) out.emplace_back(list->as_string());
  for (const json::Value& item : list->items()) {
    if (item.is_string()) out.emplace_back(item.as_string());
  }
  return out;
}

std::optional<double> score_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->as_double();
}

/// \p value as JSON text again.
void write_value(json::Writer& w, const json::Value& value) {
  using Type = json::Value::Type;
  switch (value.type()) {
    case Type::kNull:
      w.null();
      return;
    case Type::kBool:
      w.value(value.as_bool());
      return;
    case Type::kInt:
      w.value(value.as_int());
      return;
    case Type::kDouble:
      w.value(value.as_double());
      return;
    case Type::kString:
      w.value(value.as_string());
      return;
    case Type::kArray:
      w.array();
      for (const json::Value& item : value.items()) write_value(w, item);
      w.end();
      return;
    case Type::kObject:
      w.object();
      for (const auto& [name, member] : value.members()) write_value(w.key(name), member);
      w.end();
      return;
  }
}

TemplateInfo::Classification read_classification(const json::Value& from) {
  TemplateInfo::Classification out;
  for (const auto& [name, list] :
       {std::pair("cve-id", &out.cve_id), std::pair("cwe-id", &out.cwe_id)}) {
    const json::Value* value = from.find(name);
    if (value != nullptr && !value->is_null()) *list = texts_at(from, name);
  }
  out.cvss_metrics = from.string_at("cvss-metrics");
  out.cpe = from.string_at("cpe");
  out.cvss_score = score_at(from, "cvss-score");
  out.epss_score = score_at(from, "epss-score");
  out.epss_percentile = score_at(from, "epss-percentile");
  return out;
}

void read_info(const json::Value& from, TemplateInfo& info) {
  info.name = from.string_at("name");
  info.author = texts_at(from, "author");
  info.tags = texts_at(from, "tags");
  info.reference = texts_at(from, "reference");
  info.description = from.string_at("description");
  info.impact = from.string_at("impact");
  info.remediation = from.string_at("remediation");
  info.severity = parse_severity(from.string_at("severity")).value_or(Severity::kUnknown);
  if (const json::Value* metadata = from.find("metadata")) {
    for (const auto& [key, value] : metadata->members()) {
      json::Writer w;
      write_value(w, value);
      info.metadata.emplace_back(key, w.take());
    }
  }
  const json::Value* classification = from.find("classification");
  if (classification != nullptr && classification->is_object())
    info.classification = read_classification(*classification);
}

void read_place(const json::Value& event, Finding& finding) {
  finding.host = event.string_at("host");
  finding.port = event.string_at("port");
  finding.scheme = event.string_at("scheme");
  finding.url = event.string_at("url");
  finding.path = event.string_at("path");
  finding.matched_at = event.string_at("matched-at");
  if (finding.matched_at.empty()) finding.matched_at = event.string_at("matched");
  // Older versions of the reference write the URL as the host.
  if (const auto url = net::Url::parse(finding.host)) {
    if (finding.url.empty()) finding.url = finding.host;
    finding.host = url->host;
  }
}

/// Two digits, or four, as a number.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  if (at + count > text.size()) return std::nullopt;
  const char* begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + count, value);
  if (error != std::errc() || end != begin + count || value < 0) return std::nullopt;
  return value;
}

/// "Z" or "+02:00" as minutes.
std::optional<int> zone_minutes(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = digits(text, 1, 2), minutes = digits(text, 4, 2);
  if (!hours || !minutes) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || *year < 1970 || *year > 2261)
    return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 24 || *minute > 59 || *second > 60) return std::nullopt;
  std::string_view rest = text.substr(19);
  std::int64_t nanos = 0, unit = 100'000'000;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1), unit /= 10)
      nanos += (rest[0] - '0') * unit;
  }
  const auto zone = zone_minutes(rest);
  if (!zone) return std::nullopt;
  return WallTime(std::chrono::duration_cast<WallTime::duration>(
      std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
      std::chrono::minutes(*minute - *zone) + std::chrono::seconds(*second) +
      std::chrono::nanoseconds(nanos)));
}

Result<Finding> read_event(const json::Value& event) {
  if (!event.is_object()) return Error{ErrorCode::kInvalidArgument, "event: not a JSON object"};
  auto info = std::make_shared<TemplateInfo>();
  info->id = event.string_at("template-id");
  if (info->id.empty()) info->id = event.string_at("templateID");
  if (info->id.empty()) return Error{ErrorCode::kInvalidArgument, "event: no template-id"};
  info->path = event.string_at("template-path");
  info->relative_path = event.string_at("template");
  if (const json::Value* block = event.find("info")) read_info(*block, *info);
  Finding finding;
  read_place(event, finding);
  if (finding.host.empty() && finding.url.empty() && finding.matched_at.empty())
    return Error{ErrorCode::kInvalidArgument, "event: no host, url or matched-at"};
  finding.info = std::move(info);
  if (const auto type = event.string_at("type"); !type.empty()) finding.type = type;
  finding.matcher_name = event.string_at("matcher-name");
  if (finding.matcher_name.empty()) finding.matcher_name = event.string_at("matcher_name");
  finding.extractor_name = event.string_at("extractor-name");
  finding.extracted_results = texts_at(event, "extracted-results");
  finding.request = event.string_at("request");
  finding.response = event.string_at("response");
  if (const json::Value* meta = event.find("meta")) {
    for (const auto& [name, value] : meta->members())
      finding.meta.emplace_back(name, std::string(value.as_string()));
  }
  finding.ip = event.string_at("ip");
  finding.timestamp = parse_rfc3339(event.string_at("timestamp")).value_or(WallTime{});
  finding.curl_command = event.string_at("curl-command");
  const json::Value* matched = event.find("matcher-status");
  finding.matched = matched == nullptr || matched->as_bool(true);
  return finding;
}

Result<Finding> parse_event(std::string_view json) { return read_event(M8_TRY(json::parse(json))); }

}  // namespace m8::model
