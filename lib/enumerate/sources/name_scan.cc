#include "enumerate/sources/name_scan.h"

#include <algorithm>
#include <string>

#include "base/file.h"
#include "net/url.h"

namespace m8::enumerate::sources {
namespace {

/// "%252F" happens; deeper than that is nobody's name.
constexpr int kDecodings = 2;
constexpr std::size_t kLongestToken = 1024;

bool is_ascii_alnum(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool in_name(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return is_ascii_alnum(byte) || byte >= 0x80 || c == '.' || c == '-' || c == '_' || c == '*';
}
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         std::equal(end.begin(), end.end(), text.end() - static_cast<std::ptrdiff_t>(end.size()),
                    [](char a, char b) { return a == lower(b); });
}

/// Bytes of the escape that begins at \p text's backslash.
std::size_t escape_size(std::string_view text) {
  if (text.size() < 2) return 1;
  const char kind = text[1];
  if (kind == 'u') return std::min<std::size_t>(6, text.size());
  if (kind == 'x') return std::min<std::size_t>(4, text.size());
  return std::string_view("nrtbfv0\"'\\/").find(kind) == std::string_view::npos ? 1 : 2;
}

std::string_view strip(std::string_view token) {
  if (const std::size_t star = token.rfind('*'); star != token.npos) token.remove_prefix(star + 1);
  while (!token.empty() && (token.front() == '.' || token.front() == '-')) token.remove_prefix(1);
  while (!token.empty() && (token.back() == '.' || token.back() == '-')) token.remove_suffix(1);
  return token;
}

std::optional<net::Name> name_of(std::string_view token, const net::Name& domain) {
  auto name = net::Name::parse(token);
  if (!name.ok() || !name->is_inside(domain) || name->text() == domain.text()) return std::nullopt;
  return std::move(*name);
}

std::optional<net::Name> name_of_token(std::string_view token, const net::Name& domain) {
  token = strip(token);
  if (token.empty() || token.size() > kLongestToken) return std::nullopt;
  if (is_plain(token)) {
    return ends_with_ignoring_case(token, domain.text()) ? name_of(token, domain) : std::nullopt;
  }
  if (auto name = name_of(token, domain)) return name;
  // A bullet or a quotation mark before it is not part of the name.
  const auto last =
      std::find_if(token.rbegin(), token.rend(), [](char c) { return (c & 0x80) != 0; });
  token.remove_prefix(static_cast<std::size_t>(token.rend() - last));
  return token.empty() ? std::nullopt : name_of_token(token, domain);
}

}  // namespace

void scan_names(std::string_view text, const net::Name& domain,
                const std::function<void(net::Name)>& take) {
  std::string decoded;
  for (int i = 0; i < kDecodings && text.find('%') != text.npos; ++i) {
    decoded = net::percent_decode(text);
    text = decoded;
  }
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\\') {
      at += escape_size(text.substr(at));
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && in_name(text[end])) ++end;
    if (end > at) {
      if (auto name = name_of_token(text.substr(at, end - at), domain)) take(std::move(*name));
    }
    at = std::max(end, at + 1);
  }
}

std::optional<net::Name> name_of_label(std::string_view label, const net::Name& domain) {
  const std::string_view stripped = strip(trim(label));
  if (stripped.empty()) return std::nullopt;
  return name_of(std::string(stripped) + "." + domain.text(), domain);
}

}  // namespace m8::enumerate::sources
