#include "net/url.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "base/byte_set.h"
#include "net/address.h"

namespace m8::net {
namespace {

constexpr std::size_t kMaxUrl = 64 * 1024;

Error bad_url(std::string_view text, std::string_view reason) {
  const std::string_view shown = text.substr(0, 200);
  return {ErrorCode::kInvalidArgument,
          fmt::format("url '{}{}': {}", shown, shown.size() < text.size() ? "..." : "", reason)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool is_alpha(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// RFC 3986 3.1.
bool is_scheme(std::string_view text) {
  static constexpr ByteSet kScheme = ByteSet::alphanumeric_and("+-.");
  return !text.empty() && is_alpha(text.front()) && kScheme.has_all(text);
}

bool is_host(std::string_view text) {
  static constexpr ByteSet kHost =
      ByteSet().with_range(0x21, 0xff).without("\"#%/:<>?@[\\]^`{|}\x7f");
  return !text.empty() && kHost.has_all(text);
}

/// Splits "host", "host:port", "[v6]", "[v6]:port". Null if fine, else the reason.
const char* parse_authority(std::string_view text, std::string& host,
                            std::optional<std::uint16_t>& port) {
  std::string_view digits;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == text.npos) return "bracket is not closed";
    host = lower(text.substr(1, close - 1));
    const auto ip = IpAddress::parse(host);
    if (!ip || ip->is_v4()) return "not an IPv6 address";
    digits = text.substr(close + 1);
    if (!digits.empty() && digits.front() != ':') return "text after the bracket";
    has_port = !digits.empty();
    if (has_port) digits.remove_prefix(1);
  } else {
    const std::size_t colon = text.find(':');
    has_port = colon != text.npos;
    if (has_port) digits = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (text.empty()) return "no host";
    if (!is_host(text)) return "bad character in the host";
    host = lower(text);
  }
  if (!has_port || digits.empty()) return nullptr;
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return "port is not a number from 0 to 65535";
  }
  port = number;
  return nullptr;
}

/// Takes "path?query#fragment" into \p url.
void take_rest(std::string_view rest, Url& url) {
  if (const std::size_t hash = rest.find('#'); hash != rest.npos) {
    url.fragment = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
  }
  if (const std::size_t mark = rest.find('?'); mark != rest.npos) {
    url.query = rest.substr(mark + 1);
    url.has_query = true;
    rest = rest.substr(0, mark);
  }
  url.path = rest;
}

/// "scheme" of "scheme:rest", empty if \p reference is relative.
std::string_view reference_scheme(std::string_view reference) {
  const std::size_t end = reference.find_first_of(":/?#");
  if (end == reference.npos || reference[end] != ':') return {};
  const std::string_view scheme = reference.substr(0, end);
  return is_scheme(scheme) ? scheme : std::string_view();
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = static_cast<char>(c | 0x20);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrl) return bad_url(text, "over 64 KiB");
  const std::size_t mark = text.find("://");
  if (mark == text.npos) return bad_url(text, "no scheme");
  if (!is_scheme(text.substr(0, mark))) return bad_url(text, "bad scheme");
  Url url;
  url.scheme = lower(text.substr(0, mark));
  const std::string_view after = text.substr(mark + 3);
  const std::size_t end = std::min(after.find_first_of("/?#"), after.size());
  std::string_view authority = after.substr(0, end);
  if (const std::size_t at = authority.rfind('@'); at != authority.npos) {
    url.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  if (const char* reason = parse_authority(authority, url.host, url.port)) {
    return bad_url(text, reason);
  }
  take_rest(after.substr(end), url);
  return url;
}

std::uint16_t Url::effective_port() const {
  if (port) return *port;
  if (scheme == "https") return 443;
  return scheme == "http" ? 80 : 0;
}

namespace {

void append_authority(const Url& url, std::string& out) {
  const bool v6 = url.host.find(':') != url.host.npos;
  if (v6) out += '[';
  out += url.host;
  if (v6) out += ']';
  if (url.port) out.append(":").append(std::to_string(*url.port));
}

/// Room for brackets, a port, "://", "@", "?" and "#".
constexpr std::size_t kPunctuation = 16;

}  // namespace

std::string Url::authority() const {
  std::string out;
  out.reserve(host.size() + kPunctuation);
  append_authority(*this, out);
  return out;
}

std::string Url::root() const {
  std::string out;
  out.reserve(scheme.size() + host.size() + kPunctuation);
  out.append(scheme).append("://");
  append_authority(*this, out);
  return out;
}

std::string Url::request_target() const {
  std::string out = path.empty() ? "/" : path;
  if (has_query) out.append("?").append(query);
  return out;
}

std::string Url::to_string() const {
  std::string out;
  out.reserve(scheme.size() + user_info.size() + host.size() + path.size() + query.size() +
              fragment.size() + kPunctuation);
  out.append(scheme).append("://");
  if (!user_info.empty()) out.append(user_info).append("@");
  append_authority(*this, out);
  out += path;
  if (has_query) out.append("?").append(query);
  if (!fragment.empty()) out.append("#").append(fragment);
  return out;
}

Result<Url> Url::resolve(std::string_view reference) const {
  if (reference.size() > kMaxUrl) return bad_url(reference, "over 64 KiB");
  if (!reference_scheme(reference).empty()) return parse(reference);
  if (reference.starts_with("//")) return parse(scheme + ":" + std::string(reference));
  // RFC 3986 4.2: a relative path must not look like a scheme.
  if (const std::size_t end = reference.find_first_of(":/?#");
      end != reference.npos && reference[end] == ':') {
    return bad_url(reference, "colon in the first segment");
  }
  Url relative;
  take_rest(reference, relative);
  Url url = *this;
  url.fragment = relative.fragment;
  if (relative.path.empty()) {
    if (!relative.has_query) return url;
  } else if (relative.path.front() == '/') {
    url.path = remove_dot_segments(relative.path);
  } else {
    const std::size_t slash = path.rfind('/');
    const std::string base = slash == path.npos ? "/" : path.substr(0, slash + 1);
    url.path = remove_dot_segments(base + relative.path);
  }
  url.query = relative.query;
  url.has_query = relative.has_query;
  return url;
}

Result<HostPort> HostPort::parse(std::string_view text) {
  HostPort out;
  if (const auto ip = IpAddress::parse(text); ip && ip->is_v6()) {
    out.host = lower(text.front() == '[' ? text.substr(1, text.size() - 2) : text);
    return out;
  }
  if (const char* reason = parse_authority(text, out.host, out.port)) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("host '{}': {}", text.substr(0, 200), reason)};
  }
  return out;
}

std::string remove_dot_segments(std::string_view path) {
  if (path.starts_with('/') && path.find("/.") == path.npos) return std::string(path);
  std::vector<std::string_view> kept;
  bool ends_in_directory = false;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    ends_in_directory = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    begin = end + 1;
  }
  std::string out;
  for (const auto segment : kept) out.append("/").append(segment);
  if (ends_in_directory || out.empty()) out += '/';
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace m8::net
