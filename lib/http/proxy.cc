#include "http/proxy.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "http/text.h"
#include "net/name.h"

namespace m8::http {
namespace {

struct Scheme {
  std::string_view name;
  Proxy::Kind kind;
  std::uint16_t port;
};
constexpr Scheme kSchemes[] = {
    {"http", Proxy::Kind::kHttp, 80},
    {"https", Proxy::Kind::kHttps, 443},
    {"socks5", Proxy::Kind::kSocks5, 1080},
    {"socks5h", Proxy::Kind::kSocks5h, 1080},
};

void read_login(std::string_view user_info, Proxy& out) {
  const std::size_t colon = user_info.find(':');
  out.user = net::percent_decode(user_info.substr(0, colon));
  if (colon != std::string_view::npos) {
    out.password = net::percent_decode(user_info.substr(colon + 1));
  }
}

/// "[::1]:80" or "name:80" as name and port; without a port 0.
std::pair<std::string_view, int> split_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool v6 = text.find(':') != colon && !text.starts_with('[');
  if (colon == std::string_view::npos || v6 || text.ends_with(']')) return {text, 0};
  int port = -1;
  const std::string_view digits = text.substr(colon + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return {text.substr(0, colon), port};
}

bool entry_covers(std::string_view entry, const net::Url& url) {
  if (entry == "*") return true;
  if (const auto range = net::Cidr::parse(entry); range.ok()) {
    const auto ip = net::IpAddress::parse(url.host);
    return ip.ok() && range->contains(*ip);
  }
  const auto [text, port] = split_port(entry);
  if (port != 0 && port != url.effective_port()) return false;
  if (const auto ip = net::IpAddress::parse(text); ip.ok()) {
    const auto host = net::IpAddress::parse(url.host);
    return host.ok() && *host == *ip;
  }
  std::string name = lower_text(text);
  if (name.starts_with("*.")) name.erase(0, 1);
  if (name.starts_with('.')) name.erase(0, 1);
  return !name.empty() && net::name_is_inside(url.host, name);
}

}  // namespace

Result<Proxy> Proxy::parse(std::string_view url) {
  const Error error{ErrorCode::kInvalidArgument,
                    "proxy: not a URL such as http://host:port or socks5://host:port"};
  const bool has_scheme = url.find("://") != std::string_view::npos;
  const auto parsed = net::Url::parse(has_scheme ? std::string(url) : "http://" + std::string(url));
  if (!parsed.ok()) return error;
  for (const Scheme& scheme : kSchemes) {
    if (scheme.name != parsed->scheme) continue;
    Proxy proxy;
    proxy.kind = scheme.kind;
    proxy.host = parsed->host;
    proxy.port = parsed->port.value_or(scheme.port);
    read_login(parsed->user_info, proxy);
    const bool too_long = proxy.user.size() > 255 || proxy.password.size() > 255;
    if (proxy.port == 0 || too_long) return error;
    return proxy;
  }
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("proxy: {}:// is none of http, https, socks5, socks5h", parsed->scheme)};
}

std::string Proxy::name() const {
  std::string_view scheme;
  for (const Scheme& known : kSchemes) {
    if (known.kind == kind) scheme = known.name;
  }
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}:{}", scheme, v6 ? "[" + host + "]" : host, port);
}

ProxyRules ProxyRules::from_environment(const std::function<std::string(const char*)>& variable) {
  const auto first_of = [&](const char* upper, const char* lower) {
    std::string value = variable(upper);
    return value.empty() ? variable(lower) : value;
  };
  const std::string all = first_of("ALL_PROXY", "all_proxy");
  ProxyRules rules;
  const bool cgi = !variable("REQUEST_METHOD").empty();
  rules.http = cgi ? variable("http_proxy") : first_of("HTTP_PROXY", "http_proxy");
  rules.https = first_of("HTTPS_PROXY", "https_proxy");
  if (rules.http.empty()) rules.http = all;
  if (rules.https.empty()) rules.https = all;
  rules.none = first_of("NO_PROXY", "no_proxy");
  return rules;
}

Status ProxyRules::check() const {
  for (const std::string* url : {&http, &https}) {
    if (!url->empty()) M8_TRY(Proxy::parse(*url));
  }
  return {};
}

const std::string& ProxyRules::for_url(const net::Url& url) const {
  static const std::string kNone;
  return covers(none, url) ? kNone : url.is_tls() ? https : http;
}

bool covers(std::string_view none, const net::Url& url) {
  while (!none.empty()) {
    const std::size_t end = std::min(none.find_first_of(", \t"), none.size());
    const std::string_view entry = none.substr(0, end);
    if (!entry.empty() && entry_covers(entry, url)) return true;
    none.remove_prefix(std::min(end + 1, none.size()));
  }
  return false;
}

}  // namespace m8::http
