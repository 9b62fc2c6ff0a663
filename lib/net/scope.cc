#include "net/scope.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "net/name.h"

namespace m8::net {
namespace {

Error bad_rule(std::string_view rule, std::string_view reason) {
  return {ErrorCode::kInvalidArgument,
          fmt::format("scope rule '{}': {}", rule.substr(0, 200), reason)};
}

/// One spelling per host: addresses as printed, names canonical. Empty if it is neither.
std::string comparable_host(std::string_view host) {
  if (const auto ip = IpAddress::parse(host)) return ip->unmapped().to_string();
  const auto name = Name::parse(host);
  return name ? name->text() : std::string();
}

/// No top-level domain is a number: such a text is a mistyped address or range.
bool ends_in_number(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The path as a server is likely to understand it, so that /in/../out is not taken for /in.
std::string comparable_path(std::string_view path) {
  std::string decoded = percent_decode(path);
  std::replace(decoded.begin(), decoded.end(), '\\', '/');
  std::string single = "/";
  for (const char c : decoded) {
    if (c != '/' || single.back() != '/') single += c;
  }
  return remove_dot_segments(single);
}

/// Without the path, which only URL rules ask for, if not \p with_path.
Url comparable(const Url& url, bool with_path = true) {
  Url out;
  out.host = comparable_host(url.host);
  if (!with_path) return out;
  out.scheme = url.scheme;
  out.port = url.effective_port();
  out.path = comparable_path(url.path);
  return out;
}

/// Whole segments: "/app" covers "/app" and "/app/x", not "/apple".
bool path_is_inside(std::string_view path, std::string_view prefix) {
  if (!prefix.empty() && prefix.back() == '/') prefix.remove_suffix(1);
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace

Status Scope::Rules::add(std::string_view rule) {
  if (rule.find("://") != rule.npos) {
    const auto url = Url::parse(rule);
    if (!url) return bad_rule(rule, "not a URL");
    if (url->has_query || !url->fragment.empty() || !url->user_info.empty()) {
      return bad_rule(rule, "a URL prefix has no user, query or fragment");
    }
    urls.push_back(comparable(*url));
    if (!urls.back().host.empty()) return {};
    urls.pop_back();
    return bad_rule(rule, "host is not a name or address");
  }
  if (rule.starts_with("*.")) {
    return bad_rule(rule, fmt::format("write {}, which covers all below it", rule.substr(2)));
  }
  if (const auto ip = IpAddress::parse(rule)) {
    const IpAddress plain = ip->unmapped();
    ranges[static_cast<int>(plain.size() * 8)].insert(plain);
    return {};
  }
  if (const auto range = Cidr::parse(rule)) {
    ranges[range->prefix()].insert(range->base());
    return {};
  }
  const auto name = Name::parse(rule);
  if (!name || ends_in_number(name->text())) {
    return bad_rule(rule, "not a domain, address, range or URL prefix");
  }
  domains.insert(name->text());
  return {};
}

bool Scope::Rules::has_name(std::string_view name) const {
  if (domains.empty()) return false;
  for (;;) {
    if (domains.find(name) != domains.end()) return true;
    const std::size_t dot = name.find('.');
    if (dot == name.npos) return false;
    name.remove_prefix(dot + 1);
  }
}

bool Scope::Rules::has_address(const IpAddress& ip) const {
  const IpAddress plain = ip.unmapped();
  return std::any_of(ranges.begin(), ranges.end(), [&plain](const auto& entry) {
    const auto& [prefix, bases] = entry;
    return prefix <= static_cast<int>(plain.size() * 8) &&
           bases.find(Cidr(plain, prefix).base()) != bases.end();
  });
}

bool Scope::Rules::has_host(std::string_view host) const {
  if (const auto ip = IpAddress::parse(host)) return has_address(*ip);
  return has_name(host);
}

bool Scope::Rules::has_url(const Url& url) const {
  return std::any_of(urls.begin(), urls.end(), [&url](const Url& rule) {
    return rule.scheme == url.scheme && rule.host == url.host && rule.port == url.port &&
           path_is_inside(url.path, rule.path);
  });
}

Scope::Scope(Scope&& other) noexcept
    : includes_(std::move(other.includes_)),
      excludes_(std::move(other.excludes_)),
      refusals_(other.refusals_.load()) {}

Scope& Scope::operator=(Scope&& other) noexcept {
  includes_ = std::move(other.includes_);
  excludes_ = std::move(other.excludes_);
  refusals_ = other.refusals_.load();
  return *this;
}

Status Scope::include(std::string_view rule) { return includes_.add(trim(rule)); }

Status Scope::exclude(std::string_view rule) { return excludes_.add(trim(rule)); }

Status Scope::load(const std::string& path) {
  LineReader reader = M8_TRY(LineReader::open(path));
  for (;;) {
    const auto read = reader.next();
    if (!read) return read.error().with_context(path);
    if (!read->has_value()) return {};
    const std::string_view line = trim((**read).substr(0, (**read).find('#')));
    if (line.empty()) continue;
    const Status added = line.front() == '!' ? exclude(line.substr(1)) : include(line);
    if (!added.ok()) {
      return added.error().with_context(fmt::format("{}:{}", path, reader.line_number()));
    }
  }
}

bool Scope::verdict(bool excluded, bool included) const {
  const bool allowed = !excluded && (included || includes_.empty());
  if (!allowed) refusals_.fetch_add(1, std::memory_order_relaxed);
  return allowed;
}

bool Scope::allows_host(std::string_view host) const {
  const std::string plain = comparable_host(host);
  if (plain.empty()) return verdict(!excludes_.empty(), false);
  const auto names_host = [&plain](const Url& rule) { return rule.host == plain; };
  return verdict(excludes_.has_host(plain),
                 includes_.has_host(plain) ||
                     std::any_of(includes_.urls.begin(), includes_.urls.end(), names_host));
}

bool Scope::allows_address(const IpAddress& ip) const {
  return allows_host(ip.unmapped().to_string());
}

bool Scope::allows_resolved(const IpAddress& ip) const {
  return verdict(excludes_.has_address(ip), true);
}

bool Scope::allows_alias(std::string_view host) const {
  const std::string plain = comparable_host(host);
  if (plain.empty()) return verdict(!excludes_.empty(), true);
  return verdict(excludes_.has_host(plain), true);
}

bool Scope::allows_url(const Url& url) const {
  if (includes_.empty() && excludes_.empty()) return true;
  const Url plain = comparable(url, !includes_.urls.empty() || !excludes_.urls.empty());
  if (plain.host.empty()) return verdict(!excludes_.empty(), false);
  return verdict(excludes_.has_host(plain.host) || excludes_.has_url(plain),
                 includes_.has_host(plain.host) || includes_.has_url(plain));
}

}  // namespace m8::net
