#include "http/credentials.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/yaml.h"
#include "http/cookie_jar.h"

namespace m8::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

Error wrong(const yaml::Node& node, std::string_view reason) {
  return {ErrorCode::kInvalidArgument, fmt::format("line {}: {}", node.line(), reason)};
}

std::string text_of(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = map.find(key);
  return node && node->is_scalar() ? node->str() : std::string();
}

std::span<const yaml::Node> items_of(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = map.find(key);
  return node ? node->items() : std::span<const yaml::Node>();
}

/// "{key: K, value: V}", or for cookies "{raw: 'K=V; ...'}".
std::pair<std::string, std::string> pair_of(const yaml::Node& item) {
  const std::string raw = text_of(item, "raw");
  if (raw.empty()) return {text_of(item, "key"), text_of(item, "value")};
  const std::string first = raw.substr(0, raw.find(';'));
  const auto equals = std::min(first.find('='), first.size());
  return {std::string(trim(first.substr(0, equals))),
          std::string(trim(first.substr(std::min(equals + 1, first.size()))))};
}

void put_header(std::vector<Header>& headers, const std::string& name, const std::string& value,
                bool overwrite) {
  const auto same = [&](const Header& header) { return lower(header.name) == lower(name); };
  const auto found = std::find_if(headers.begin(), headers.end(), same);
  if (found == headers.end()) {
    headers.push_back({name, value});
  } else if (overwrite) {
    found->value = value;
  }
}

/// Takes the parameters named \p name out of \p query.
void drop_parameter(std::string& query, std::string_view name) {
  std::string out;
  for (std::size_t begin = 0; begin <= query.size() && !query.empty();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view part = std::string_view(query).substr(begin, end - begin);
    if (part.substr(0, part.find('=')) != name) out.append(out.empty() ? "" : "&").append(part);
    begin = end + 1;
  }
  query = std::move(out);
}

}  // namespace

/// Reads one entry of the file.
struct LoginReader {
  const yaml::Node& node;
  Credentials::Login login;
  std::vector<std::string> secrets;

  void pairs(std::string_view key, Credentials::Pairs& out) {
    for (const yaml::Node& item : items_of(node, key)) {
      auto pair = pair_of(item);
      if (pair.first.empty()) continue;
      secrets.push_back(pair.second);
      out.push_back(std::move(pair));
    }
  }

  Status read() {
    for (const yaml::Node& item : items_of(node, "domains"))
      login.domains.push_back(lower(item.text()));
    for (const yaml::Node& item : items_of(node, "domains-regex"))
      login.patterns.push_back(M8_TRY(Regex::compile(item.text())));
    if (login.domains.empty() && login.patterns.empty()) return wrong(node, "no domains");
    if (const yaml::Node* overwrite = node.find("overwrite"))
      if (!overwrite->as_bool(login.overwrite)) return wrong(*overwrite, "overwrite: no boolean");
    return read_values(lower(text_of(node, "type")));
  }

  Status read_values(const std::string& type) {
    const std::string token = text_of(node, "token"), user = text_of(node, "username"),
                      password = text_of(node, "password");
    if (type == "basicauth") {
      if (user.empty()) return wrong(node, "no username");
      add_login("Basic " + base64_encode(user + ":" + password), password);
    } else if (type == "bearertoken") {
      if (token.empty()) return wrong(node, "no token");
      add_login("Bearer " + token, token);
    } else if (type == "header") {
      pairs("headers", login.headers);
      login.overwrite = true;
    } else if (type == "cookie") {
      pairs("cookies", login.cookies);
    } else if (type == "query") {
      pairs("params", login.parameters);
    } else {
      return wrong(node, "type: not one of basicauth, bearertoken, header, cookie, query: " + type);
    }
    const bool any = !login.headers.empty() || !login.cookies.empty() || !login.parameters.empty();
    return any ? Status() : Status(wrong(node, "no values"));
  }

  void add_login(const std::string& value, const std::string& secret) {
    login.headers.emplace_back("Authorization", value);
    login.overwrite = true;
    secrets.push_back(secret);
    secrets.push_back(value.substr(value.find(' ') + 1));
  }
};

Status Credentials::load(const std::string& path) { return parse(M8_TRY(read_file(path)), path); }

Status Credentials::parse(std::string_view text, const std::string& name) {
  auto root = yaml::parse(text);
  if (!root.ok()) return root.error().with_context(name);
  if (!items_of(*root, "dynamic").empty())
    return Error{ErrorCode::kUnsupported, name + ": dynamic secrets are not supported"};
  const auto entries = items_of(*root, "static");
  if (entries.empty()) return Error{ErrorCode::kInvalidArgument, name + ": no static secrets"};
  for (const yaml::Node& entry : entries) {
    LoginReader reader{entry, {}, {}};
    if (const Status status = reader.read(); !status.ok()) return status.error().with_context(name);
    logins_.push_back(std::move(reader.login));
    secrets_.insert(secrets_.end(), reader.secrets.begin(), reader.secrets.end());
  }
  return {};
}

bool Credentials::Login::is_for(const net::Url& url) const {
  const std::string authority = url.authority();
  const auto named = [&](const std::string& domain) {
    return domain == url.host || domain == authority;
  };
  return std::any_of(domains.begin(), domains.end(), named) ||
         std::any_of(patterns.begin(), patterns.end(),
                     [&](const Regex& pattern) { return pattern.search(authority); });
}

void Credentials::apply(Request& request) const {
  if (!request.wire.empty()) return;
  for (const Login& login : logins_) {
    if (!login.is_for(request.url)) continue;
    for (const auto& [name, value] : login.headers)
      put_header(request.headers, name, value, login.overwrite);
    for (const auto& [name, value] : login.cookies) {
      const Header* own = find_header(request.headers, "Cookie");
      put_header(request.headers, "Cookie",
                 merge_cookies(own ? own->value : "", name + "=" + value), true);
    }
    for (const auto& [name, value] : login.parameters) {
      net::Url& url = request.url;
      if (login.overwrite) drop_parameter(url.query, name);
      url.query += (url.query.empty() ? "" : "&") + name + "=" + value;
      url.has_query = true;
    }
  }
}

std::vector<std::string> Credentials::secrets() const { return secrets_; }

}  // namespace m8::http
