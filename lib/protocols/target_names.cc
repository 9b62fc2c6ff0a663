#include "protocols/target_names.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "net/name.h"

namespace m8::protocols {
namespace {

/// Go's path.Clean for an absolute path.
std::string clean(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    at = end + 1;
  }
  std::string out;
  for (const auto part : parts) out.append("/").append(part);
  return out.empty() ? "/" : out;
}

/// Go's path.Dir: everything before the last '/', cleaned.
std::string directory(std::string_view path) {
  if (path.empty()) return {};
  return clean(path.substr(0, path.rfind('/') + 1));
}

/// Go's path.Base: the last element, trailing slashes ignored.
std::string last_element(std::string_view path) {
  if (path.empty()) return {};
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (path.empty()) return "/";
  return std::string(path.substr(path.rfind('/') + 1));
}

std::string port_text(const net::Url& url) {
  const auto port = url.effective_port();
  return port == 0 ? std::string() : std::to_string(port);
}

constexpr std::array<std::string_view, TargetNames::kCount> kNames{
    "BaseURL", "Input", "RootURL", "Hostname", "Host", "Port", "Scheme", "Path",
    "File",    "Query", "FQDN",    "ip",       "RDN",  "DN",   "TLD",    "SD"};

}  // namespace

TargetNames::TargetNames(const model::Target& target) : url_(target.url) {
  for (std::size_t i = 0; i < kNames.size(); ++i) entries_[i].name = kNames[i];
  set_url_names(target);
  set_suffix_names();
}

void TargetNames::set_url_names(const model::Target& target) {
  const std::string scheme = url_.scheme.empty() ? "" : url_.scheme + "://";
  const std::string user = url_.user_info.empty() ? "" : url_.user_info + "@";
  const std::string fragment = url_.fragment.empty() ? "" : "#" + url_.fragment;
  const std::string authority = url_.authority();
  std::string path = net::percent_decode(url_.path);
  const std::string base = scheme + user + authority + path + fragment;
  if (path.ends_with('/')) path.pop_back();
  base_without_slash_ = scheme + user + authority + path + fragment;

  std::string values[] = {base,
                          base,
                          scheme + authority,
                          authority,
                          url_.host,
                          port_text(url_),
                          url_.scheme,
                          directory(url_.path),
                          last_element(url_.path),
                          url_.has_query ? "?" + url_.query : "",
                          url_.host,
                          target.ip};
  for (std::size_t i = 0; i < std::size(values); ++i) entries_[i].value = std::move(values[i]);
}

void TargetNames::set_suffix_names() {
  auto split = net::split_suffix(url_.host);
  if (!split) return;  // the names stay undefined
  std::string values[] = {std::move(split->registrable), std::move(split->domain),
                          std::move(split->suffix), std::move(split->sub)};
  const std::size_t first = entries_.size() - std::size(values);
  for (std::size_t i = 0; i < std::size(values); ++i) {
    entries_[first + i].value = std::move(values[i]);
  }
}

bool TargetNames::is_name(std::string_view name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

const dsl::Value* TargetNames::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return entry.value ? &*entry.value : nullptr;
  }
  return nullptr;
}

void TargetNames::each_name(const std::function<void(std::string_view)>& visit) const {
  for (const Entry& entry : entries_) {
    if (entry.value) visit(entry.name);
  }
}

}  // namespace m8::protocols
