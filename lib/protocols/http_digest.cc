#include "protocols/http_digest.h"

#include <map>

#include <fmt/format.h>

#include "base/hash.h"
#include "operators/bytes.h"

namespace m8::protocols {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t,";
  const auto begin = text.find_first_not_of(kBlank);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

/// Takes a token or a quoted string off the front of \p text.
std::string take_value(std::string_view& text) {
  std::string out;
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find_first_of(", \t"), text.size());
    out = text.substr(0, end);
    text.remove_prefix(end);
    return out;
  }
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  return out;
}

/// name=value, ... of one challenge; names in lower case.
Parameters parameters_of(std::string_view text) {
  Parameters out;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) break;
    std::string name = operators::to_lower(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    out.emplace(std::move(name), take_value(text));
  }
  return out;
}

bool offers_auth(std::string_view options) {
  for (options = trimmed(options); !options.empty(); options = trimmed(options)) {
    if (take_value(options) == "auth") return true;
  }
  return false;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string hash(std::string_view algorithm, const std::string& text) {
  return algorithm.starts_with("sha-256") ? sha256_hex(text) : md5_hex(text);
}

std::optional<std::string> answer(const Parameters& challenge, const DigestLogin& login,
                                  const DigestTarget& target) {
  const auto get = [&](std::string_view name) {
    const auto found = challenge.find(name);
    return found == challenge.end() ? std::string() : found->second;
  };
  const std::string algorithm = get("algorithm"), realm = get("realm"), nonce = get("nonce");
  const std::string kind = operators::to_lower(algorithm);
  if (kind != "" && kind != "md5" && kind != "md5-sess" && kind != "sha-256" &&
      kind != "sha-256-sess") {
    return std::nullopt;
  }
  const bool has_qop = challenge.count("qop") != 0;
  if (has_qop && !offers_auth(get("qop"))) return std::nullopt;
  std::string secret = hash(kind, fmt::format("{}:{}:{}", login.user, realm, login.password));
  if (kind.ends_with("-sess")) {
    secret = hash(kind, fmt::format("{}:{}:{}", secret, nonce, target.cnonce));
  }
  const std::string request = hash(kind, fmt::format("{}:{}", target.method, target.uri));
  const std::string middle =
      has_qop ? fmt::format("{}:00000001:{}:auth", nonce, target.cnonce) : nonce;
  std::string out =
      fmt::format(R"(Digest username={}, realm={}, nonce={}, uri="{}", response="{}")",
                  quoted(login.user), quoted(realm), quoted(nonce), target.uri,
                  hash(kind, fmt::format("{}:{}:{}", secret, middle, request)));
  if (!algorithm.empty()) out += ", algorithm=" + algorithm;
  if (challenge.count("opaque") != 0) out += ", opaque=" + quoted(get("opaque"));
  if (has_qop) out += fmt::format(R"(, qop=auth, nc=00000001, cnonce="{}")", target.cnonce);
  return out;
}

}  // namespace

std::optional<std::string> answer_digest(const std::vector<http::Header>& headers,
                                         const DigestLogin& login, const DigestTarget& target) {
  for (const http::Header& header : headers) {
    if (operators::to_lower(header.name) != "www-authenticate") continue;
    if (operators::to_lower(std::string_view(header.value).substr(0, 7)) != "digest ") continue;
    const std::string_view text = std::string_view(header.value).substr(7);
    if (auto found = answer(parameters_of(text), login, target)) return found;
  }
  return std::nullopt;
}

}  // namespace m8::protocols
