#include "api/scan_order.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/json.h"
#include "model/severity.h"
#include "net/address.h"
#include "net/name.h"
#include "net/url.h"

namespace m8::api {
namespace {

constexpr std::size_t kLongestTarget = 2'048, kLongestWord = 128, kMostWords = 100;
constexpr int kSmallestPrefix4 = 16, kSmallestPrefix6 = 112;

/// A list of words, and the flag that they are given to.
struct WordList {
  std::string_view member;
  const char* flag;
  bool severities = false;
};
constexpr WordList kWordLists[] = {{"severity", "--severity", true},
                                   {"tags", "--tags"},
                                   {"exclude_tags", "--exclude-tags"},
                                   {"templates", "--template-id"}};

Error wrong(std::string_view what, std::string_view reason) {
  return {ErrorCode::kInvalidArgument, fmt::format("{}: {}", what, reason)};
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kLongestWord && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

void make_unique(std::vector<std::string>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

Result<std::vector<std::string>> read_words(const WordList& list, const json::Value& value) {
  if (!value.is_array()) return wrong(list.member, "not a list");
  if (value.items().size() > kMostWords) return wrong(list.member, "too many");
  std::vector<std::string> words;
  for (const json::Value& item : value.items()) {
    const bool good = list.severities ? model::parse_severity(item.as_string()).has_value()
                                      : is_word(item.as_string());
    if (!good) return wrong(list.member, "not one of its words");
    words.emplace_back(item.as_string());
  }
  make_unique(words);
  return words;
}

Status read_targets(const json::Value& value, ScanOrder& order) {
  const bool list = value.is_array();
  const std::size_t count = list ? value.items().size() : 1;
  if (count == 0) return wrong("targets", "none");
  if (count > kMaxTargets) return wrong("targets", fmt::format("more than {}", kMaxTargets));
  for (std::size_t i = 0; i < count; ++i) {
    const json::Value& one = list ? value.items()[i] : value;
    if (!one.is_string()) return wrong("target", "not a text");
    order.targets.push_back(M8_TRY(check_target(one.as_string())));
  }
  make_unique(order.targets);
  return {};
}

Status read_type(const json::Value& value, ScanOrder& order) {
  if (find_scan_type(value.as_string()) == nullptr) {
    std::string names;
    for (const ScanType& type : scan_types())
      names += (names.empty() ? "" : ", ") + std::string(type.name);
    return wrong("type", "one of " + names);
  }
  order.type = value.as_string();
  return {};
}

Status read_member(const json::Value::Member& member, ScanOrder& order,
                   std::vector<std::string>& lists) {
  const auto& [name, value] = member;
  if (name == "target" || name == "targets") return read_targets(value, order);
  if (name == "type" || name == "scan_type") return read_type(value, order);
  for (std::size_t i = 0; i < std::size(kWordLists); ++i) {
    if (name != kWordLists[i].member) continue;
    json::Writer w;
    w.object().strings(name, M8_TRY(read_words(kWordLists[i], value)));
    const std::string text = w.end().take();
    lists[i] = text.substr(1, text.size() - 2);
    return {};
  }
  return Error{ErrorCode::kInvalidArgument, fmt::format("no such member: {}", name.substr(0, 64))};
}

bool is_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return false;
  const auto address = net::IpAddress::parse(text.substr(0, slash));
  if (!address.ok()) return false;
  const std::string_view digits = text.substr(slash + 1);
  int prefix = -1;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return false;
  const bool v6 = text.find(':') != text.npos;
  return prefix >= (v6 ? kSmallestPrefix6 : kSmallestPrefix4) && prefix <= (v6 ? 128 : 32);
}

/// Canonical text of a host, or kInvalidArgument.
Result<std::string> check_host(const std::string& host) {
  if (const auto address = net::IpAddress::parse(host); address.ok()) return address->to_string();
  return M8_TRY(net::Name::parse(host)).text();
}

}  // namespace

const std::vector<ScanType>& scan_types() {
  static const std::vector<ScanType> all = {
      {"vuln", "num8", "scan", {}, "templates against targets"},
      {"enum", "asmm8", "enum", {}, "hostnames of a domain"},
  };
  return all;
}

const ScanType* find_scan_type(std::string_view name) {
  for (const ScanType& type : scan_types())
    if (type.name == name) return &type;
  return nullptr;
}

Result<std::string> check_target(std::string_view text) {
  const Error no_target = wrong("target", "no host, host:port, URL, address or network");
  if (text.empty() || text.size() > kLongestTarget || text.front() == '-') return no_target;
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }))
    return no_target;
  if (text.find("://") != text.npos) {
    auto url = net::Url::parse(text);
    if (!url.ok() || (url->scheme != "http" && url->scheme != "https")) return no_target;
    if (!url->user_info.empty()) return wrong("target", "holds a login");
    const auto host = check_host(url->host);
    if (!host.ok()) return no_target;
    url->host = *host;
    url->fragment.clear();
    return url->to_string();
  }
  if (is_cidr(text)) return std::string(text);
  if (const auto address = net::IpAddress::parse(text); address.ok()) return address->to_string();
  const auto parts = net::HostPort::parse(text);
  if (!parts.ok()) return no_target;
  const auto host = check_host(parts->host);
  if (!host.ok()) return no_target;
  if (!parts->port) return *host;
  const bool v6 = host->find(':') != host->npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", *host, v6 ? "]" : "", *parts->port);
}

std::string host_of(std::string_view target) {
  if (target.find("://") != target.npos) {
    const auto url = net::Url::parse(target);
    return url.ok() ? url->host : std::string();
  }
  if (is_cidr(target) || net::IpAddress::parse(target).ok()) return std::string(target);
  const auto parts = net::HostPort::parse(target);
  return parts.ok() ? parts->host : std::string();
}

Result<ScanOrder> parse_order(std::string_view text) {
  const auto parsed = json::parse(text);
  if (!parsed.ok() || !parsed->is_object())
    return Error{ErrorCode::kInvalidArgument, "the body has to be a JSON object"};
  ScanOrder order;
  order.type = scan_types().front().name;
  std::vector<std::string> lists(std::size(kWordLists));
  for (const auto& member : parsed->members()) M8_TRY(read_member(member, order, lists));
  if (order.targets.empty()) return wrong("target", "none");
  std::string members;
  for (const std::string& list : lists)
    if (!list.empty()) members += (members.empty() ? "" : ",") + list;
  if (order.type == "enum") {
    if (!members.empty()) return wrong("type", "an enumeration has no templates to choose");
    for (const std::string& target : order.targets)
      if (!net::Name::parse(target).ok()) return wrong("target", "not a domain");
  }
  order.options = "{" + members + "}";
  return order;
}

Result<ScanOrder> order_for(std::vector<std::string> targets) {
  ScanOrder order;
  order.type = scan_types().front().name;
  order.options = "{}";
  for (const std::string& target : targets) order.targets.push_back(M8_TRY(check_target(target)));
  make_unique(order.targets);
  return order;
}

std::vector<std::string> option_arguments(std::string_view options) {
  std::vector<std::string> arguments;
  const auto parsed = json::parse(options);
  if (!parsed.ok()) return arguments;
  for (const WordList& list : kWordLists) {
    const json::Value* words = parsed->find(list.member);
    if (words == nullptr || words->items().empty()) continue;
    std::string joined;
    for (const json::Value& word : words->items())
      joined += (joined.empty() ? "" : ",") + std::string(word.as_string());
    arguments.emplace_back(list.flag);
    arguments.push_back(std::move(joined));
  }
  return arguments;
}

}  // namespace m8::api
