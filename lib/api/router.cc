#include "api/router.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "metrics/table.h"
#include "net/url.h"
#include "serve/compress.h"

namespace m8::api {
namespace {

using serve::Request;
using serve::Response;

constexpr std::size_t kLongestTarget = 8u << 10;

/// "Bearer x": "x"; empty for anything else.
std::string_view bearer(const Request& request) {
  std::string_view value = request.header("Authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i)
    if ((static_cast<unsigned char>(value[i]) | 0x20) != kScheme[i]) return {};
  return trim(value.substr(kScheme.size()));
}

/// True if the request says that it is for this machine's loopback.
bool names_loopback(std::string_view host) {
  const auto parsed = net::HostPort::parse(host);
  if (!parsed.ok()) return false;
  if (parsed->host == "localhost") return true;
  const auto ip = net::IpAddress::parse(parsed->host);
  return ip.ok() && ip->is_loopback();
}

constexpr const char* kTraversal = "path_traversal";
constexpr const char* kLongTarget = "long_target";
constexpr const char* kForeignHost = "foreign_host";
constexpr const char* kGuessing = "token_guessing";

void suspect(const char* type) {
  metrics::Registry::process().counter(metrics::kSuspicious, {type}).add(1);
}

/// True if a segment of \p path is "..", whatever it is written as, or if it holds a zero.
bool leaves_its_place(std::string_view path) {
  const std::string plain = net::percent_decode(path);
  const auto ends = [&plain](std::size_t at) {
    return at >= plain.size() || plain[at] == '/' || plain[at] == '\\';
  };
  for (auto at = plain.find(".."); at != plain.npos; at = plain.find("..", at + 1))
    if ((at == 0 || ends(at - 1)) && ends(at + 2)) return true;
  return plain.find('\0') != plain.npos;
}

Response too_many(std::chrono::milliseconds wait) {
  Response response = refusal(429, "too many requests");
  const auto seconds = std::max<std::int64_t>(1, (wait.count() + 999) / 1000);
  response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
}

bool is_json(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  // The last is what curl -d says of anything. A page of another site can say it, too, but no
  // token.
  return type.empty() || type == "application/json" || type == "application/x-www-form-urlencoded";
}

/// Adds the values of the path and of the query; the error says what is wrong.
Status read_parameters(const Request& request, const Route& route,
                       const std::vector<std::string>& values, Call& call) {
  std::size_t next = 0;
  for (std::string_view rest = route.pattern; next < values.size();) {
    rest.remove_prefix(rest.find('{') + 1);
    const std::string_view name = rest.substr(0, rest.find('}'));
    const Parameter* parameter = find_parameter(name);
    call.parameters[std::string(name)] = M8_TRY(check_parameter(*parameter, values[next++]));
  }
  const auto mark = request.target.find('?');
  if (mark == std::string::npos) return {};
  std::string_view rest = std::string_view(request.target).substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string name = net::percent_decode(pair.substr(0, pair.find('=')));
    if (name.empty()) continue;
    const bool known = std::any_of(route.query.begin(), route.query.end(),
                                   [&](const char* one) { return name == one; });
    if (!known)
      return Error{ErrorCode::kInvalidArgument, "no such parameter: " + name.substr(0, 64)};
    call.parameters[name] = M8_TRY(check_parameter(*find_parameter(name), request.query(name)));
  }
  return {};
}

}  // namespace

bool fits_pattern(std::string_view pattern, std::string_view path,
                  std::vector<std::string>& values) {
  values.clear();
  while (!pattern.empty() && !path.empty()) {
    if (pattern.front() != '/' || path.front() != '/') return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const std::string_view wanted = pattern.substr(0, pattern.find('/'));
    const std::string_view given = path.substr(0, path.find('/'));
    pattern.remove_prefix(wanted.size());
    path.remove_prefix(given.size());
    if (!wanted.starts_with('{')) {
      if (wanted != given) return false;
      continue;
    }
    values.push_back(net::percent_decode(given));
    const std::string& value = values.back();
    if (value.empty() || value == "." || value == "..") return false;
  }
  return pattern.empty() && path.empty();
}

Router::Router(RouterOptions options, TokenBook& book, Observe observe, Clock& clock)
    : options_(options),
      book_(book),
      observe_(std::move(observe)),
      clock_(clock),
      allowance_(options.per_second, options.burst, clock),
      failures_(options.failures_per_minute / 60, options.failures_per_minute, clock) {}

void Router::add(std::vector<Route> routes) {
  for (Route& route : routes) routes_.push_back(std::move(route));
}

Router::Match Router::match(const Request& request) const {
  Match match;
  const std::string_view method =
      request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
  std::vector<std::string> values;
  for (const Route& route : routes_) {
    if (!fits_pattern(route.pattern, request.path(), values)) continue;
    if (route.method == method) return {&route, std::move(values), {}};
    match.allowed += (match.allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  return match;
}

bool Router::is_public(const Request& request) const {
  return options_.public_read && request.peer.is_loopback() &&
         names_loopback(request.header("Host"));
}

void Router::declare_metrics() {
  for (const char* type : {kTraversal, kLongTarget, kForeignHost, kGuessing})
    metrics::Registry::process().counter(metrics::kSuspicious, {type});
}

Response Router::unauthorized(const Request& request, const Route& route) const {
  failed_.fetch_add(1, std::memory_order_relaxed);
  metrics::Registry::process().counter(metrics::kFailedAuth, {route.pattern}).add(1);
  const bool given = !request.header("Authorization").empty();
  if (given) {
    (void)failures_.take(request.peer.to_string());
    log::get("api")->warn("token refused peer={}", request.peer.to_string());
  }
  Response response = refusal(401, given ? "the token is not valid" : "a token is needed");
  response.headers.emplace_back("WWW-Authenticate",
                                given ? "Bearer error=\"invalid_token\"" : "Bearer");
  return response;
}

Result<Caller> Router::identify(const Request& request, const Route& route) const {
  const std::string_view secret = bearer(request);
  if (auto caller = book_.find(secret)) return *std::move(caller);
  const Error nobody{ErrorCode::kDenied, ""};
  const Caller reader{0, "", is_public(request) ? Scope::kRead : Scope::kNone};
  if (route.scope == Scope::kNone) return reader;
  if (!request.header("Authorization").empty()) return nobody;
  if (route.scope == Scope::kRead && reader.scope == Scope::kRead) return reader;
  if (options_.public_read && !names_loopback(request.header("Host"))) suspect(kForeignHost);
  return nobody;
}

Response Router::handle(const Request& request, const Match& match) const {
  if (request.target.size() > kLongestTarget) {
    suspect(kLongTarget);
    return refusal(414, "the address is too long");
  }
  if (leaves_its_place(request.path())) suspect(kTraversal);
  if (match.route == nullptr) {
    if (match.allowed.empty()) return refusal(404, "no such path");
    Response response = refusal(405, "this path takes " + match.allowed);
    response.headers.emplace_back("Allow", match.allowed);
    return response;
  }
  const Route& route = *match.route;
  const std::string peer = request.peer.to_string();
  if (const auto wait = failures_.wait(peer); wait.count() > 0 && route.scope != Scope::kNone) {
    suspect(kGuessing);
    return too_many(wait);
  }
  const auto caller = identify(request, route);
  if (!caller.ok()) return unauthorized(request, route);
  if (caller->scope < route.scope)
    return refusal(403, fmt::format("the token lacks the scope {}", to_string(route.scope)));
  const auto wait = allowance_.take(caller->token != 0 ? fmt::format("#{}", caller->token) : peer);
  if (wait.count() > 0) return too_many(wait);
  Call call{request, *caller, {}};
  if (const Status read = read_parameters(request, route, match.values, call); !read.ok())
    return answer_of(read.error());
  if (*route.body != '\0' && !is_json(request.header("Content-Type")))
    return refusal(415, "the body has to be application/json");
  auto response = route.handler(call);
  return response.ok() ? *std::move(response) : answer_of(response.error());
}

void Router::finish(const Request& request, Response& response) const {
  const auto add = [&response](const char* name, std::string value) {
    response.headers.emplace_back(name, std::move(value));
  };
  const auto has = [&response](std::string_view name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const serve::Header& header) { return header.first == name; });
  };
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "DENY");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Resource-Policy", "same-origin");
  if (!has("Content-Security-Policy"))
    add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (request.tls) add("Strict-Transport-Security", "max-age=31536000");
  if (response.stream) return add("Cache-Control", "no-store");
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads || response.status != 200) return add("Cache-Control", "no-store");
  add("Cache-Control", "private, no-cache");
  const auto coding = serve::accepted_coding(request.header("Accept-Encoding"));
  // Weak: the same whatever the coding.
  const std::string tag = fmt::format("W/\"{:016x}\"", seeded_hash(response.body));
  add("ETag", tag);
  const std::string_view known = request.header("If-None-Match");
  if (known == "*" || known.find(std::string_view(tag).substr(2)) != known.npos) {
    response.status = 304;
    response.body.clear();
    response.content_type.clear();
    return;
  }
  serve::compress(response, coding);
}

Response Router::answer(const Request& request) const {
  const SteadyTime began = clock_.now();
  const Match found = match(request);
  Response response = handle(request, found);
  finish(request, response);
  if (observe_) {
    observe_({found.route ? std::string_view(found.route->method) : "other",
              found.route ? std::string_view(found.route->pattern) : "none", response.status,
              clock_.now() - began});
  }
  return response;
}

}  // namespace m8::api
