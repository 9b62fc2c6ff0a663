#include "issues/burp.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

namespace m8::issues {
namespace {

constexpr std::size_t kMostBody = 256u << 20;

/// A number, or the text of one.
std::optional<std::int64_t> event_id(const json::Value& event) {
  const std::string text(event.string_at("id"));
  std::int64_t number = -1;
  if (!text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) number = -1;
  } else if (const json::Value* id = event.find("id"); id != nullptr) {
    number = id->as_int(-1);
  }
  return number < 0 ? std::nullopt : std::optional(number);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

/// "Content-Type: text/css; charset=utf-8" as "text/css"; empty for other headers.
std::string media_type(std::string_view header) {
  const std::size_t colon = header.find(':');
  if (colon == header.npos || lower(trim(header.substr(0, colon))) != "content-type") return {};
  const std::string_view value = header.substr(colon + 1);
  return lower(trim(value.substr(0, value.find(';'))));
}

bool is_wanted(const json::Value& message, const SiteMapFilter& filter) {
  const json::Value* status = message.find("statusCode");
  if (status != nullptr && filter.statuses.contains(static_cast<int>(status->as_int())))
    return false;
  const json::Value* headers = message.find("responseHeaders");
  if (headers == nullptr || headers->items().empty()) return false;
  return std::none_of(headers->items().begin(), headers->items().end(), [&](const auto& header) {
    return filter.types.contains(media_type(header.as_string()));
  });
}

std::vector<std::string> parameters_of(const json::Value& message) {
  std::set<std::string> names;
  if (const json::Value* list = message.find("parameters")) {
    for (const json::Value& parameter : list->items()) {
      const auto type = parameter.string_at("type");
      if (type == "PARAM_URL" || type == "PARAM_BODY") names.emplace(parameter.string_at("name"));
    }
  }
  return {names.begin(), names.end()};
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

/// \p base with \p path behind its own, and \p query.
net::Url at(const net::Url& base, const std::string& path, const std::string& query = {}) {
  net::Url url = base;
  while (url.path.ends_with('/')) url.path.pop_back();
  url.path += path;
  url.query = query;
  url.has_query = !query.empty();
  return url;
}

http::Request request_to(net::Url url) {
  http::Request request;
  request.url = std::move(url);
  request.max_body = kMostBody;
  return request;
}

Error answered(const net::Url& api, int status) {
  return {ErrorCode::kProtocol, fmt::format("Burp at {} answered {}", api.authority(), status)};
}

std::string api_path(const BurpScanner& scanner, std::string_view path) {
  return fmt::format("{}/v0.1/{}", scanner.key.empty() ? "" : "/" + scanner.key, path);
}

/// Segments of base64 as bytes.
std::string segments(const json::Value* list) {
  std::string out;
  if (list == nullptr) return out;
  for (const json::Value& segment : list->items()) {
    if (auto bytes = base64_decode(segment.string_at("data")); bytes.ok()) out += *bytes;
  }
  return out;
}

void read_evidence(const json::Value& issue, model::Finding& finding) {
  const json::Value* evidence = issue.find("evidence");
  if (evidence == nullptr || evidence->items().empty()) return;
  const json::Value* exchange = evidence->items()[0].find("request_response");
  if (exchange == nullptr) return;
  finding.request = segments(exchange->find("request"));
  finding.response = segments(exchange->find("response"));
}

Result<model::Finding> read_issue(const json::Value& issue, WallTime now) {
  const std::string origin(issue.string_at("origin")), path(issue.string_at("path"));
  const auto url = net::Url::parse(origin + path);
  const json::Value* type = issue.find("type_index");
  if (!url.ok() || type == nullptr)
    return Error{ErrorCode::kInvalidArgument, "Burp: an issue without origin or type"};
  auto info = std::make_shared<model::TemplateInfo>();
  info->id = fmt::format("burp-{:08x}", static_cast<std::uint32_t>(type->as_int()));
  info->name = issue.string_at("name");
  info->description = issue.string_at("description");
  info->remediation = issue.string_at("remediation");
  info->severity =
      model::parse_severity(issue.string_at("severity")).value_or(model::Severity::kInfo);
  info->tags = {"burp"};
  if (const auto confidence = issue.string_at("confidence"); !confidence.empty())
    info->tags.emplace_back(confidence);
  model::Finding finding;
  finding.info = std::move(info);
  finding.host = url->host;
  finding.port = std::to_string(url->effective_port());
  finding.scheme = url->scheme;
  finding.url = origin;
  finding.path = path;
  finding.matched_at = url->to_string();
  finding.timestamp = now;
  read_evidence(issue, finding);
  return finding;
}

bool is_over(std::string_view status) {
  return status == "succeeded" || status == "failed" || status == "paused" || status == "cancelled";
}

/// False once stopped.
bool wait_a_while(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

Result<std::vector<SiteMapTarget>> parse_site_map(std::string_view json,
                                                  const SiteMapFilter& filter) {
  const auto answer = M8_TRY(json::parse(json));
  const json::Value* messages = answer.find("messages");
  if (messages == nullptr || !messages->is_array())
    return Error{ErrorCode::kInvalidArgument, "Burp: no site map"};
  std::vector<SiteMapTarget> targets;
  const auto less = [](const SiteMapTarget& a, const SiteMapTarget& b) {
    return a.key() < b.key();
  };
  std::set<SiteMapTarget, decltype(less)> seen(less);
  for (const json::Value& message : messages->items()) {
    auto url = net::Url::parse(message.string_at("url"));
    if (!url.ok() || !is_wanted(message, filter)) continue;
    const std::uint16_t usual = url->scheme == "https" ? 443 : url->scheme == "http" ? 80 : 0;
    if (url->port == usual) url->port.reset();
    url->fragment.clear();
    const auto method = message.string_at("method");
    SiteMapTarget target{url->to_string(), std::string(method.empty() ? "GET" : method),
                         parameters_of(message)};
    if (seen.insert(target).second) targets.push_back(std::move(target));
  }
  return targets;
}

Result<std::vector<SiteMapTarget>> site_map(http::Session& session, const net::Url& api,
                                            const std::string& prefix, const SiteMapFilter& filter,
                                            std::stop_token stop) {
  const auto request =
      request_to(at(api, "/burp/target/sitemap", "urlPrefix=" + percent_encode(prefix)));
  const auto response = M8_TRY(session.call(request, std::move(stop)));
  if (response.status != 200) return answered(api, response.status);
  return parse_site_map(response.body, filter);
}

Result<std::string> start_burp_scan(const BurpScanner& scanner,
                                    const std::vector<std::string>& urls, std::stop_token stop) {
  http::Request request = request_to(at(scanner.api, api_path(scanner, "scan")));
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}};
  json::Writer w;
  request.body = w.object().strings("urls", urls).end().take();
  request.repeat = http::Request::Repeat::kNever;  // a scan is enough
  const auto response = M8_TRY(scanner.session.call(request, std::move(stop)));
  const auto* location = http::find_header(response.headers, "location");
  if (response.status != 201 || location == nullptr) return answered(scanner.api, response.status);
  return location->value.substr(location->value.rfind('/') + 1);
}

Result<BurpProgress> parse_burp_progress(std::string_view json, WallTime now, std::int64_t after) {
  const auto answer = M8_TRY(json::parse(json));
  BurpProgress progress;
  progress.last_event = after;
  progress.status = answer.string_at("scan_status");
  if (progress.status.empty()) return Error{ErrorCode::kInvalidArgument, "Burp: no scan status"};
  const json::Value* events = answer.find("issue_events");
  if (events == nullptr) return progress;
  for (const json::Value& event : events->items()) {
    const auto id = event_id(event);
    if (id && *id <= after) continue;
    if (id) progress.last_event = std::max(progress.last_event, *id);
    const json::Value* issue = event.find("issue");
    if (issue == nullptr) continue;
    if (auto finding = read_issue(*issue, now); finding.ok())
      progress.findings.push_back(std::move(*finding));
  }
  return progress;
}

Result<std::string> follow_burp_scan(const BurpScanner& scanner, const std::string& task,
                                     const std::function<Status(const model::Finding&)>& each,
                                     std::stop_token stop) {
  const SteadyTime end = scanner.clock.now() + scanner.timeout;
  std::int64_t after = -1;
  for (;;) {
    const std::string query = after >= 0 ? fmt::format("after={}", after) : "";
    const auto request =
        request_to(at(scanner.api, api_path(scanner, "scan/" + percent_encode(task)), query));
    const auto response = M8_TRY(scanner.session.call(request, stop));
    if (response.status != 200) return answered(scanner.api, response.status);
    const auto progress = M8_TRY(parse_burp_progress(response.body, scanner.clock.wall(), after));
    after = progress.last_event;
    for (const model::Finding& finding : progress.findings) M8_TRY(each(finding));
    if (is_over(progress.status)) return progress.status;
    if (scanner.clock.now() >= end)
      return Error{ErrorCode::kTimeout,
                   fmt::format("Burp scan {} still {}", task, progress.status)};
    if (!wait_a_while(scanner.poll, stop)) return Error{ErrorCode::kCancelled, "stopped"};
  }
}

}  // namespace m8::issues
