#include "probe/record.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "base/regex.h"
#include "probe/body_hash.h"
#include "probe/html.h"

namespace m8::probe {
namespace {

constexpr std::size_t kMaxCsp = 1000;
constexpr std::size_t kMaxExtracts = 1000;

std::string header_value(const http::Response& response, std::string_view name) {
  const http::Header* header = http::find_header(response.headers, name);
  return header != nullptr ? header->value : std::string();
}

void set_address(const net::Url& url, model::Endpoint& record) {
  record.url = url.to_string();
  record.hostname = url.host;
  record.port = url.effective_port();
  record.scheme = url.scheme;
  record.path = url.request_target();
}

void set_hashes(const Settings& settings, const http::Response& response, model::Endpoint& record) {
  if (settings.hashes.empty()) return;
  const std::string head = head_text(response);
  for (const std::string& name : settings.hashes) {
    if (auto hash = hash_text(name, response.body); hash.ok())
      record.hashes.emplace_back("body_" + name, std::move(hash).value());
    if (auto hash = hash_text(name, head); hash.ok())
      record.hashes.emplace_back("header_" + name, std::move(hash).value());
  }
}

void set_chain(const http::Exchange& exchange, model::Endpoint& record) {
  record.location = header_value(exchange.hops.front(), "location");
  if (exchange.hops.size() < 2) return;
  for (const http::Response& hop : exchange.hops) {
    record.chain_status.push_back(hop.status);
    record.chain.push_back(hop.url.to_string());
  }
  record.final_url = exchange.final().url.to_string();
}

/// The answer switches to WebSocket, or is one of socket.io and SockJS that offers it (as httpx).
bool offers_websocket(const http::Response& response) {
  if (response.status == 101) return true;
  if (http::find_header(response.headers, "sec-websocket-accept") != nullptr) return true;
  if (equals_lower(header_value(response, "upgrade"), "websocket")) return true;
  const std::string_view body = response.body;
  const bool socket_io = body.find("{\"sid\":\"") != body.npos &&
                         body.find("\"upgrades\":[\"websocket\"]") != body.npos;
  return socket_io || body.find("{\"socket\":true,\"socketUrl\":\"ws") != body.npos;
}

/// Hosts of content policies: source expressions that are names (CSP 3, 2.3.1), "*." taken off.
void add_policy(std::string_view policy, std::vector<std::string>& out) {
  constexpr std::string_view kSpace = " \t;,\r\n";
  for (std::size_t at = policy.find_first_not_of(kSpace); at != policy.npos && out.size() < kMaxCsp;
       at = policy.find_first_not_of(kSpace, at)) {
    const std::size_t end = std::min(policy.find_first_of(kSpace, at), policy.size());
    std::string_view word = policy.substr(at, end - at);
    at = end;
    if (const auto scheme = word.find("://"); scheme != word.npos) word.remove_prefix(scheme + 3);
    word = word.substr(0, word.find_first_of(":/"));
    if (word.starts_with("*.")) word.remove_prefix(2);
    const bool name = word.find('.') != word.npos && word.find('\'') == word.npos;
    std::string host = name ? lower_ascii(word) : std::string();
    if (name && std::find(out.begin(), out.end(), host) == out.end())
      out.push_back(std::move(host));
  }
}

void set_policies(const http::Response& response, const Page& page, model::Endpoint& record) {
  for (const http::Header& header : response.headers) {
    if (equals_lower(header.name, "content-security-policy") ||
        equals_lower(header.name, "content-security-policy-report-only"))
      add_policy(header.value, record.csp);
  }
  for (const std::string& policy : page.policies) add_policy(policy, record.csp);
}

void set_cdn(const CdnTable& table, const net::IpAddress& ip, model::Endpoint& record) {
  const CdnTable::Entry* entry = table.find(ip);
  if (entry == nullptr) return;
  record.cdn_name = entry->name;
  record.cdn_type = entry->type;
  record.cdn = entry->type != "cloud";
}

void extract(const std::vector<Regex>& extractors, const std::string& body,
             model::Endpoint& record) {
  for (const Regex& regex : extractors)
    for (std::string& text : regex.find_all(body)) {
      const auto& all = record.extracts;
      if (all.size() < kMaxExtracts && std::find(all.begin(), all.end(), text) == all.end())
        record.extracts.push_back(to_utf8(text));
    }
}

void keep_texts(const Settings& settings, const http::Exchange& exchange, model::Endpoint& record) {
  const http::Response& last = exchange.final();
  if (settings.preview > 0)
    record.body_preview = to_utf8(trim(std::string_view(last.body).substr(0, settings.preview)));
  if (settings.keep_header) record.raw_header = head_text(last);
  if (settings.keep_body) record.body = last.body;
  if (settings.keep_request) record.request = exchange.sent;
  if (!settings.keep_chain || exchange.hops.size() < 2) return;
  for (const http::Response& hop : exchange.hops) record.chain_heads.push_back(head_text(hop));
}

}  // namespace

model::Endpoint make_record(const RecordTools& tools, const std::string& input,
                            const http::Exchange& exchange, const Page& page, WallTime now) {
  const http::Response& first = exchange.hops.front();
  const http::Response& last = exchange.final();
  model::Endpoint record;
  set_address(first.url, record);
  record.input = input;
  record.method = tools.settings.method;
  record.last_seen = now;
  record.ip = first.ip.to_string();
  record.cname = first.aliases;
  record.status = last.status;
  const std::string type = header_value(last, "content-type");
  record.title = read_title(page, type, last.body);
  record.server = header_value(last, "server");
  record.content_type = media_type(type);
  record.content_length = body_length(last);
  record.words = count_words(last.body);
  record.lines = count_lines(last.body);
  record.time = last.duration;
  record.websocket = offers_websocket(last);
  record.tls = first.tls;
  set_chain(exchange, record);
  set_policies(last, page, record);
  set_hashes(tools.settings, last, record);
  if (tools.cdn != nullptr) set_cdn(*tools.cdn, first.ip, record);
  if (tools.technologies != nullptr)
    for (const Technology& technology : tools.technologies->detect(last, page))
      record.technologies.push_back(technology.text());
  extract(tools.settings.extractors, last.body, record);
  keep_texts(tools.settings, exchange, record);
  return record;
}

model::Endpoint make_failure(const Settings& settings, const std::string& input,
                             const net::Url& url, const Error& error, WallTime now) {
  model::Endpoint record;
  set_address(url, record);
  record.input = input;
  record.method = settings.method;
  record.last_seen = now;
  record.live = false;
  record.error = error.message;
  return record;
}

std::string head_text(const http::Response& response) {
  std::string text =
      fmt::format("HTTP/{}.{} {}", response.version_major, response.version_minor, response.status);
  if (!response.reason.empty()) text += ' ' + response.reason;
  text += "\r\n";
  for (const http::Header& header : response.headers)
    text.append(header.name).append(": ").append(header.value).append("\r\n");
  return text + "\r\n";
}

std::int64_t body_length(const http::Response& response) {
  return response.content_length >= 0 ? response.content_length
                                      : static_cast<std::int64_t>(response.body.size());
}

std::uint64_t count_words(std::string_view body) {
  return static_cast<std::uint64_t>(std::count(body.begin(), body.end(), ' ')) + 1;
}

std::uint64_t count_lines(std::string_view body) {
  body = trim(body);
  return static_cast<std::uint64_t>(std::count(body.begin(), body.end(), '\n')) + 1;
}

}  // namespace m8::probe
