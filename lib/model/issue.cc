#include "model/issue.h"

#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"
#include "model/event_json.h"
#include "net/url.h"

namespace m8::model {
namespace {

std::set<std::string> parameter_names(std::string_view query) {
  std::set<std::string> names;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    if (!item.empty()) names.insert(net::percent_decode(item.substr(0, item.find('='))));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return names;
}

const std::string& operator_name(const Finding& finding) {
  return finding.matcher_name.empty() ? finding.extractor_name : finding.matcher_name;
}

std::string join(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ",") + item;
  return out;
}

}  // namespace

std::string issue_signature(const Finding& finding) {
  // A JSON array keeps the parts apart, whatever bytes are in them.
  json::Writer w;
  w.array().value(finding.info->id).value(operator_name(finding));
  const std::string& place = finding.matched_at.empty() ? finding.host : finding.matched_at;
  if (const auto url = net::Url::parse(place)) {
    const bool v6 = url->host.find(':') != url->host.npos;
    const std::string host = v6 ? "[" + url->host + "]" : url->host;
    w.value(fmt::format("{}://{}:{}", url->scheme, host, url->effective_port()));
    w.value(url->path.empty() ? "/" : url->path);
    for (const auto& name : parameter_names(url->query)) w.value(name);
  } else {
    w.value(place);
  }
  return "1-" + sha256_hex(w.end().text());
}

Issue to_issue(const Finding& finding) {
  Issue issue;
  issue.signature = issue_signature(finding);
  issue.template_id = finding.info->id;
  issue.name = finding.info->name;
  issue.matcher = operator_name(finding);
  issue.severity = finding.info->severity;
  issue.host = finding.host;
  issue.matched_at = finding.matched_at;
  issue.tags = join(finding.info->tags);
  issue.first_seen = issue.last_seen = finding.timestamp;
  issue.event = event_json(finding);
  return issue;
}

}  // namespace m8::model
