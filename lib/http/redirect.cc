#include "http/redirect.h"

#include <algorithm>

#include "http/cookie_jar.h"
#include "http/text.h"
#include "net/name.h"

namespace m8::http {
namespace {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// host:port of what \p request calls its host, default ports filled in.
std::string named_host(const Request& request) {
  const Header* header = find_header(request.headers, "host");
  auto named = header == nullptr ? Result<net::HostPort>(net::HostPort{})
                                 : net::HostPort::parse(header->value);
  const bool usable = named.ok() && !named->host.empty();
  const std::string host = lower_text(usable ? named->host : request.url.host);
  net::Url url = request.url;
  url.port = usable ? named->port : request.url.port;
  return host + ":" + std::to_string(url.effective_port());
}

bool allowed(const Request& first, const net::Url& to) {
  switch (first.redirects) {
    case Request::Redirects::kNone:
      return false;
    case Request::Redirects::kAll:
      return true;
    case Request::Redirects::kSameHost:
      return named_host(first) == to.host + ":" + std::to_string(to.effective_port());
    case Request::Redirects::kSameScheme:
      return first.url.scheme == to.scheme;
  }
  return false;
}

void drop_header(std::vector<Header>& headers, std::string_view name) {
  std::erase_if(headers, [&](const Header& header) { return same_text(header.name, name); });
}

void set_header(std::vector<Header>& headers, std::string_view name, std::string value) {
  for (Header& header : headers) {
    if (!same_text(header.name, name)) continue;
    header.value = std::move(value);
    return;
  }
  headers.push_back({std::string(name), std::move(value)});
}

/// 301, 302 and 303 turn everything but HEAD into a GET without a body.
void rewrite_method(int status, Request& next) {
  if (status == 307 || status == 308) return;
  if (next.method != "HEAD") next.method = "GET";
  next.body.clear();
  drop_header(next.headers, "content-length");
  drop_header(next.headers, "transfer-encoding");
}

void drop_secrets(const Request& first, Request& next) {
  if (net::name_is_inside(next.url.host, first.url.host)) return;
  for (const char* name : {"authorization", "cookie", "www-authenticate"})
    drop_header(next.headers, name);
}

void add_referer(const net::Url& from, Request& next) {
  if (from.is_tls() && !next.url.is_tls()) return;
  if (find_header(next.headers, "referer") != nullptr) return;
  net::Url referer = from;
  referer.user_info.clear();
  referer.fragment.clear();
  next.headers.push_back({"Referer", referer.to_string()});
}

void add_cookies(Request& next) {
  if (!next.cookies) return;
  const std::string jar = next.cookies->header_for(next.url);
  if (jar.empty()) return;
  const Header* header = find_header(next.headers, "cookie");
  set_header(next.headers, "Cookie", merge_cookies(header ? header->value : "", jar));
}

bool is_relative(std::string_view location) {
  const std::size_t colon = location.find(':');
  const bool has_scheme = colon != std::string_view::npos && location.find_first_of("/?#") > colon;
  return !has_scheme && !location.starts_with("//");
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Length of the scheme of \p text, 0 if it has none; npos if a colon is its first byte.
std::size_t scheme_length(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_letter(c)) continue;
    if (c == ':') return i == 0 ? std::string_view::npos : i;
    const bool later = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (i == 0 || !later) return 0;
  }
  return 0;
}

bool has_broken_escape(std::string_view text) {
  const auto is_hex = [&](std::size_t at) {
    return at < text.size() &&
           std::string_view("0123456789abcdefABCDEF").find(text[at]) != std::string_view::npos;
  };
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1))
    if (!is_hex(at + 1) || !is_hex(at + 2)) return true;
  return false;
}

/// net/url's Parse fails for \p text.
bool is_unreadable(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) return true;
  const auto mark = text.find('#');
  if (mark != std::string_view::npos && has_broken_escape(text.substr(mark + 1))) return true;
  text = text.substr(0, mark);
  const std::size_t scheme = scheme_length(text);
  if (scheme == std::string_view::npos) return true;
  if (scheme > 0) text.remove_prefix(scheme + 1);
  text = text.substr(0, text.find('?'));
  if (!text.starts_with('/')) {
    if (scheme > 0) return false;  // opaque
    if (text.substr(0, text.find('/')).find(':') != std::string_view::npos) return true;
  }
  return has_broken_escape(text);
}

}  // namespace

bool has_unreadable_location(const Response& response) {
  if (!is_redirect(response.status)) return false;
  const Header* location = find_header(response.headers, "location");
  return location != nullptr && is_unreadable(location->value);
}

std::string host_header(const net::Url& url) {
  net::Url shown = url;
  if (shown.port && *shown.port == (url.is_tls() ? 443 : 80)) shown.port.reset();
  return shown.authority();
}

Result<std::optional<Request>> next_hop(const Request& first, const Request& request,
                                        const Response& response) {
  if (first.redirects == Request::Redirects::kNone || !is_redirect(response.status))
    return std::optional<Request>();
  const Header* location = find_header(response.headers, "location");
  if (location == nullptr || location->value.empty()) return std::optional<Request>();
  auto url = request.url.resolve(location->value);
  if (!url.ok()) {
    return Error{ErrorCode::kProtocol, "redirect: bad location: " + url.error().message};
  }
  const bool web = url->scheme == "http" || url->scheme == "https";
  if (!web || !allowed(first, *url)) return std::optional<Request>();
  Request next = request;
  next.url = std::move(url).value();
  if (!is_relative(location->value)) {
    next.connect_to.reset();
    if (next.url.host != request.url.host) next.server_name.clear();
    set_header(next.headers, "Host", host_header(next.url));
  }
  if (!next.wire.empty()) return std::optional<Request>(std::move(next));
  rewrite_method(response.status, next);
  drop_secrets(first, next);
  add_referer(request.url, next);
  add_cookies(next);
  return std::optional<Request>(std::move(next));
}

}  // namespace m8::http
