#include "fleet/narrow.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/file.h"
#include "net/address.h"
#include "net/scope.h"
#include "net/url.h"

namespace m8::fleet {
namespace {

struct Rule {
  std::string text;
  net::Scope scope;  ///< of this rule alone
  std::optional<net::Cidr> range;
  std::optional<net::Url> url;
};

struct Rules {
  std::vector<Rule> includes;
  std::vector<std::string> excludes;
};

std::optional<net::Cidr> range_of(const std::string& text) {
  if (auto range = net::Cidr::parse(text); range.ok()) return *range;
  const auto address = net::IpAddress::parse(text);
  if (!address.ok()) return std::nullopt;
  return net::Cidr(*address, text.find(':') == text.npos ? 32 : 128);
}

Result<Rules> parse(std::string_view text) {
  Rules rules;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    Rule rule;
    if (line.front() == '!') {
      M8_TRY(rule.scope.exclude(line.substr(1)));
      rules.excludes.emplace_back(line);
      continue;
    }
    M8_TRY(rule.scope.include(line));
    rule.text = line;
    rule.range = range_of(rule.text);
    if (rule.text.find("://") != rule.text.npos) {
      auto url = net::Url::parse(rule.text);
      if (url.ok()) rule.url = std::move(*url);
    }
    rules.includes.push_back(std::move(rule));
  }
  return rules;
}

/// Whether all that \p inner allows is allowed by \p outer.
bool covers(const Rule& outer, const Rule& inner) {
  if (inner.url) return outer.scope.allows_url(*inner.url);
  if (outer.url) return false;
  if (inner.range)
    return outer.range && inner.range->prefix() >= outer.range->prefix() &&
           outer.range->contains(inner.range->base());
  return !outer.range && outer.scope.allows_host(inner.text);
}

void add_covered(const Rules& by, const Rules& of, std::string& out) {
  for (const Rule& rule : of.includes) {
    for (const Rule& outer : by.includes) {
      if (!covers(outer, rule)) continue;
      out += rule.text + "\n";
      break;
    }
  }
}

}  // namespace

Result<std::string> narrow_scope(std::string_view one, std::string_view other) {
  const Rules a = M8_TRY(parse(one)), b = M8_TRY(parse(other));
  std::string out;
  if (a.includes.empty() || b.includes.empty()) {
    for (const Rules* rules : {&a, &b})
      for (const Rule& rule : rules->includes) out += rule.text + "\n";
  } else {
    add_covered(a, b, out);
    add_covered(b, a, out);
    if (out.empty()) out = "nothing.invalid\n";
  }
  for (const Rules* rules : {&a, &b})
    for (const std::string& rule : rules->excludes) out += rule + "\n";
  return out;
}

}  // namespace m8::fleet
