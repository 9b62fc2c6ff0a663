#include "http/cookie_jar.h"

#include <algorithm>
#include <charconv>

#include "http/http_date.h"
#include "http/text.h"
#include "net/address.h"
#include "net/name.h"

namespace m8::http {
namespace {

constexpr std::size_t kMaxCookies = 100;
constexpr std::size_t kMaxCookieBytes = 4096;

/// Cuts the text before \p separator off \p rest.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

std::optional<std::int64_t> read_max_age(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::min<std::int64_t>(seconds, 10LL * 365 * 86400);
}

/// Seconds from \p now to an Expires date in one of the forms in use.
std::optional<std::int64_t> read_expires(std::string_view text, WallTime now) {
  const auto wall = parse_http_date(text);
  if (!wall) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*wall - now).count();
}

void read_attribute(std::string_view text, WallTime now, Cookie& cookie) {
  const std::string_view name = trim_blanks(take_until(text, '='));
  std::string_view value = trim_blanks(text);
  if (same_text(name, "secure")) cookie.secure = true;
  if (same_text(name, "path")) cookie.path = value.starts_with('/') ? value : std::string_view();
  if (same_text(name, "domain")) {
    if (value.starts_with('.')) value.remove_prefix(1);
    cookie.domain = lower_text(value);
  }
  if (same_text(name, "max-age")) {
    if (const auto seconds = read_max_age(value)) cookie.max_age = seconds;
  }
  if (same_text(name, "expires") && !cookie.max_age) cookie.max_age = read_expires(value, now);
}

/// RFC 6265 5.1.4.
std::string default_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

bool path_matches(std::string_view path, std::string_view prefix) {
  if (path.empty()) path = "/";
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

bool is_address(const std::string& host) { return net::IpAddress::parse(host).ok(); }

bool is_public_suffix(const std::string& domain) { return !net::split_suffix(domain).ok(); }

}  // namespace

std::optional<Cookie> Cookie::parse(std::string_view line, WallTime now) {
  std::string_view pair = take_until(line, ';');
  if (pair.find('=') == std::string_view::npos || pair.size() > kMaxCookieBytes)
    return std::nullopt;
  Cookie cookie;
  cookie.name = trim_blanks(take_until(pair, '='));
  if (!is_token(cookie.name)) return std::nullopt;
  std::string_view value = trim_blanks(pair);
  if (value.size() > 1 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  cookie.value = value;
  while (!line.empty()) read_attribute(take_until(line, ';'), now, cookie);
  return cookie;
}

bool CookieJar::place(const net::Url& url, Entry& entry) {
  Cookie& cookie = entry.cookie;
  if (cookie.path.empty()) cookie.path = default_path(url.path);
  entry.host_only = cookie.domain.empty() || cookie.domain == url.host;
  if (cookie.domain.empty() || (cookie.domain == url.host && is_address(url.host))) {
    cookie.domain = url.host;
    return true;
  }
  if (is_public_suffix(cookie.domain)) return cookie.domain == url.host;
  entry.host_only = false;
  return !is_address(url.host) && net::name_is_inside(url.host, cookie.domain);
}

bool CookieJar::matches(const Entry& entry, const net::Url& url) {
  const Cookie& cookie = entry.cookie;
  if (cookie.secure && !url.is_tls()) return false;
  if (!path_matches(url.path, cookie.path)) return false;
  return entry.host_only ? url.host == cookie.domain : net::name_is_inside(url.host, cookie.domain);
}

void CookieJar::put(Entry entry, std::vector<Entry>& entries) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& other) {
    return other.cookie.name == entry.cookie.name && other.cookie.domain == entry.cookie.domain &&
           other.cookie.path == entry.cookie.path;
  });
  const bool gone = entry.cookie.max_age && *entry.cookie.max_age <= 0;
  if (gone) {
    if (found != entries.end()) entries.erase(found);
    return;
  }
  if (found != entries.end()) {
    *found = std::move(entry);
    return;
  }
  if (entries.size() >= kMaxCookies) entries.erase(entries.begin());
  entries.push_back(std::move(entry));
}

void CookieJar::store(const net::Url& url, const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    if (!same_text(header.name, "set-cookie")) continue;
    auto cookie = Cookie::parse(header.value, clock_.wall());
    if (!cookie) continue;
    Entry entry;
    entry.cookie = std::move(*cookie);
    if (!place(url, entry)) continue;
    if (entry.cookie.max_age)
      entry.expires = clock_.now() + std::chrono::seconds(*entry.cookie.max_age);
    put(std::move(entry), *entries_.lock());
  }
}

std::string CookieJar::header_for(const net::Url& url) const {
  auto held = entries_.lock();
  if (held->empty()) return {};
  const SteadyTime now = clock_.now();
  std::vector<const Cookie*> sent;
  for (const Entry& entry : *held) {
    if (entry.expires && *entry.expires <= now) continue;
    if (matches(entry, url)) sent.push_back(&entry.cookie);
  }
  std::stable_sort(sent.begin(), sent.end(), [](const Cookie* a, const Cookie* b) {
    return a->path.size() > b->path.size();
  });
  std::string value;
  for (const Cookie* cookie : sent) {
    if (!value.empty()) value += "; ";
    value.append(cookie->name).append("=").append(cookie->value);
  }
  return value;
}

std::size_t CookieJar::size() const { return entries_.lock()->size(); }

std::string merge_cookies(std::string_view value, std::string_view more) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (std::string_view rest : {value, more}) {
    const bool replaces = rest.data() == more.data();
    while (!rest.empty()) {
      const std::string_view pair = trim_blanks(take_until(rest, ';'));
      const std::string_view name = pair.substr(0, pair.find('='));
      const auto found = std::find_if(pairs.begin(), pairs.end(),
                                      [&](const auto& other) { return other.first == name; });
      if (pair.empty()) continue;
      if (replaces && found != pairs.end()) {
        found->second = pair;
      } else {
        pairs.emplace_back(name, pair);
      }
    }
  }
  std::string merged;
  for (const auto& [name, pair] : pairs) {
    if (!merged.empty()) merged += "; ";
    merged += pair;
  }
  return merged;
}

}  // namespace m8::http
