#include "model/issue.h"

#include <algorithm>
#include <array>
#include <cctype>
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

constexpr std::string_view kRandom = "{{random}}";
constexpr std::size_t kRandstr = 27;  // what {{randstr}} becomes, here and in the reference
constexpr std::size_t kLeastRandom = 4;

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// True for a word of the length of {{randstr}} with letters of both cases and a digit, as nearly
/// every random one has, and hardly any other.
bool looks_random(std::string_view word) {
  const auto any = [word](int (*is)(int)) {
    return std::any_of(word.begin(), word.end(),
                       [is](char c) { return is(static_cast<unsigned char>(c)) != 0; });
  };
  return word.size() == kRandstr && any(std::isupper) && any(std::islower) && any(std::isdigit);
}

/// \p path with a marker in place of each word that looks random.
std::string without_random_words(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    std::size_t end = 0;
    while (end < path.size() && is_alnum(path[end])) ++end;
    const std::string_view word = path.substr(0, end);
    out += looks_random(word) ? kRandom : word;
    if (end < path.size()) out += path[end++];
    path.remove_prefix(end);
  }
  return out;
}

/// \p path as it is in every run.
std::string stable_path(const std::string& path, const std::vector<std::string>& random) {
  std::string out = path;
  for (const std::string& text : random) {
    if (text.size() < kLeastRandom) continue;
    for (std::size_t at = 0; (at = out.find(text, at)) != out.npos; at += kRandom.size())
      out.replace(at, text.size(), kRandom);
  }
  return without_random_words(out);
}

struct StatusName {
  char letter;
  const char* word;
};
constexpr std::array<StatusName, 5> kStatuses{{{'U', "unreviewed"},
                                               {'V', "verified"},
                                               {'I', "ignored"},
                                               {'F', "false-positive"},
                                               {'R', "remediated"}}};

}  // namespace

const char* status_name(char status) {
  for (const StatusName& known : kStatuses) {
    if (known.letter == status) return known.word;
  }
  return "";
}

std::optional<char> parse_status(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "fp" || lower == "false positive") return 'F';
  for (const auto& [letter, word] : kStatuses) {
    const bool is_letter = lower.size() == 1 && lower[0] == std::tolower(letter);
    if (is_letter || lower == word) return letter;
  }
  return std::nullopt;
}

bool is_suppressed(char status) { return status == 'V' || status == 'I' || status == 'F'; }

std::string issue_signature(const Finding& finding) {
  // A JSON array keeps the parts apart, whatever bytes are in them.
  json::Writer w;
  w.array().value(finding.info->id).value(operator_name(finding));
  char version = '1';
  const std::string& place = finding.matched_at.empty() ? finding.host : finding.matched_at;
  if (const auto url = net::Url::parse(place)) {
    const bool v6 = url->host.find(':') != url->host.npos;
    const std::string host = v6 ? "[" + url->host + "]" : url->host;
    w.value(fmt::format("{}://{}:{}", url->scheme, host, url->effective_port()));
    const std::string path = url->path.empty() ? "/" : url->path;
    const std::string stable = stable_path(path, finding.random);
    if (stable != path) version = '2';
    w.value(stable);
    for (const auto& name : parameter_names(url->query)) w.value(name);
  } else {
    w.value(place);
  }
  return fmt::format("{}-{}", version, sha256_hex(w.end().text()));
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
  issue.target = finding.url.empty() ? finding.host : finding.url;
  return issue;
}

}  // namespace m8::model
