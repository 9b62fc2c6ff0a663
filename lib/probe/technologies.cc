#include "probe/technologies.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "base/regex.h"
#include "match/required_literals.h"
#include "probe/html.h"

namespace m8::probe {
namespace {

/// Of one compiled pattern; thousands may be in use.
constexpr std::size_t kRegexMemory = 512u << 10;
/// Bytes of a body that are looked at.
constexpr std::size_t kMaxBody = 2u << 20;
constexpr std::size_t kMaxCookies = 512;
/// So few patterns are evaluated without a search for their literals.
constexpr std::size_t kFewPatterns = 3;

using Texts = std::unordered_map<std::string, std::string, SeededHash, std::equal_to<>>;

/// Names and values in lower case; values of one name joined by ", ".
Texts header_texts(const std::vector<http::Header>& headers) {
  Texts out;
  for (const http::Header& header : headers) {
    std::string& value = out[lower_ascii(header.name)];
    if (!value.empty()) value += ", ";
    value += lower_ascii(header.value);
  }
  return out;
}

/// name=value pairs of joined Set-Cookie lines, attributes among them, as the reference cuts them.
Texts cookie_texts(std::string_view line) {
  Texts out;
  for (std::size_t at = 0; at < line.size() && out.size() < kMaxCookies;) {
    const std::size_t end = std::min(line.find_first_of(" ,;", at), line.size());
    const std::string_view part = line.substr(at, end - at);
    const std::size_t equals = part.find('=');
    if (equals != part.npos)
      out.insert_or_assign(std::string(part.substr(0, equals)),
                           std::string(part.substr(equals + 1)));
    at = end + 1;
  }
  return out;
}

}  // namespace

struct TechnologyDetector::Lazy {
  /// Null if RE2 refuses the pattern.
  const Regex* get(const std::string& pattern) {
    std::call_once(once, [&] {
      auto compiled = Regex::compile("(?i)" + pattern, kRegexMemory);
      if (compiled.ok()) regex.emplace(std::move(compiled).value());
    });
    return regex ? &*regex : nullptr;
  }
  std::once_flag once;
  std::optional<Regex> regex;
};

/// What was found on one page.
struct TechnologyDetector::Evidence {
  struct Seen {
    int confidence = 0;
    std::string version;
  };
  bool slowly = false;
  std::unordered_map<std::uint32_t, Seen> seen;  ///< by technology
  std::vector<std::uint32_t> candidates;         ///< scratch of one search

  void add(std::uint32_t technology, const std::string& version, int confidence) {
    Seen& entry = seen[technology];
    entry.confidence = std::min(100, entry.confidence + confidence);
    if (entry.version.empty()) entry.version = version;
  }
};

TechnologyDetector::TechnologyDetector(Fingerprints fingerprints)
    : fingerprints_(std::move(fingerprints)),
      compiled_(std::make_unique<Lazy[]>(fingerprints_.patterns.size())) {
  for (std::uint32_t i = 0; i < fingerprints_.patterns.size(); ++i) {
    const Pattern& pattern = fingerprints_.patterns[i];
    group_of(pattern).all.push_back(i);
  }
  index(html_);
  index(scripts_);
  for (Keys* keys : {&headers_, &cookies_, &metas_})
    for (auto& [key, group] : *keys) index(group);
}

TechnologyDetector::~TechnologyDetector() = default;

TechnologyDetector::Group& TechnologyDetector::group_of(const Pattern& pattern) {
  switch (pattern.part) {
    case Pattern::Part::kHeader:
      return headers_[pattern.key];
    case Pattern::Part::kCookie:
      return cookies_[pattern.key];
    case Pattern::Part::kMeta:
      return metas_[pattern.key];
    case Pattern::Part::kScript:
      return scripts_;
    case Pattern::Part::kHtml:
      break;
  }
  return html_;
}

void TechnologyDetector::index(Group& group) {
  if (group.all.size() <= kFewPatterns) {
    group.always = group.all;
    return;
  }
  for (const std::uint32_t pattern : group.all) {
    const auto literals = match::required_literals(fingerprints_.patterns[pattern].regex);
    if (literals.empty()) group.always.push_back(pattern);
    for (const std::string& literal : literals) {
      group.literals.add(literal);
      group.pattern_of.push_back(pattern);
    }
  }
  group.literals.build();
}

std::size_t TechnologyDetector::always_evaluated() const {
  return html_.always.size() + scripts_.always.size();
}

std::size_t TechnologyDetector::compile_all() const {
  std::size_t refused = 0;
  for (std::size_t i = 0; i < fingerprints_.patterns.size(); ++i)
    if (compiled_[i].get(fingerprints_.patterns[i].regex) == nullptr) ++refused;
  return refused;
}

void TechnologyDetector::evaluate(std::uint32_t number, std::string_view text,
                                  Evidence& evidence) const {
  const Pattern& pattern = fingerprints_.patterns[number];
  if (pattern.regex.empty()) return evidence.add(pattern.technology, {}, pattern.confidence);
  const Regex* regex = compiled_[number].get(pattern.regex);
  if (regex == nullptr) return;
  if (pattern.version.empty()) {
    if (regex->search(text)) evidence.add(pattern.technology, {}, pattern.confidence);
    return;
  }
  const auto groups = regex->first_groups(text);
  if (groups) evidence.add(pattern.technology, version_of(pattern, *groups), pattern.confidence);
}

void TechnologyDetector::search(const Group& group, std::string_view text,
                                Evidence& evidence) const {
  if (evidence.slowly) {
    for (const std::uint32_t pattern : group.all) evaluate(pattern, text, evidence);
    return;
  }
  auto& candidates = evidence.candidates;
  candidates = group.always;
  group.literals.scan(
      text, [&](std::uint32_t literal) { candidates.push_back(group.pattern_of[literal]); });
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  for (const std::uint32_t pattern : candidates) evaluate(pattern, text, evidence);
}

void TechnologyDetector::search_key(const Keys& keys, std::string_view key, std::string_view text,
                                    Evidence& evidence) const {
  const auto found = keys.find(key);
  if (found != keys.end()) search(found->second, text, evidence);
}

std::vector<Technology> TechnologyDetector::look(const http::Response& response, const Page& page,
                                                 bool slowly) const {
  Evidence evidence;
  evidence.slowly = slowly;
  const auto headers = header_texts(response.headers);
  for (const auto& [name, value] : headers) search_key(headers_, name, value, evidence);
  if (const auto line = headers.find("set-cookie"); line != headers.end())
    for (const auto& [name, value] : cookie_texts(line->second))
      search_key(cookies_, name, value, evidence);
  const std::string_view body = response.body;
  search(html_, lower_ascii(body.substr(0, kMaxBody)), evidence);
  for (const std::string& source : page.scripts) search(scripts_, lower_ascii(source), evidence);
  for (const auto& [name, content] : page.metas)
    search_key(metas_, lower_ascii(name), lower_ascii(content), evidence);
  return conclude(evidence);
}

/// What was seen and what that implies, one level as the reference has it; sorted.
std::vector<Technology> TechnologyDetector::conclude(Evidence& evidence) const {
  std::vector<Technology> out;
  for (const auto& [number, seen] : evidence.seen) {
    if (seen.confidence > 0)
      out.push_back({fingerprints_.technologies[number].name, seen.version, seen.confidence});
    for (const Implied& implied : fingerprints_.technologies[number].implies) {
      const int confidence = implied.confidence < 0 ? seen.confidence : implied.confidence;
      if (confidence > 0) out.push_back({implied.name, implied.version, confidence});
    }
  }
  std::sort(out.begin(), out.end(), [](const Technology& a, const Technology& b) {
    return std::tie(a.name, b.version) < std::tie(b.name, a.version);  // with a version first
  });
  out.erase(std::unique(out.begin(), out.end(),
                        [](const Technology& a, const Technology& b) { return a.name == b.name; }),
            out.end());
  return out;
}

std::vector<Technology> TechnologyDetector::detect(const http::Response& response,
                                                   const Page& page) const {
  return look(response, page, false);
}

std::vector<Technology> TechnologyDetector::detect_slowly(const http::Response& response,
                                                          const Page& page) const {
  return look(response, page, true);
}

}  // namespace m8::probe
