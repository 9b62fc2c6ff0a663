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

TechnologyDetector::TechnologyDetector(Fingerprints fingerprints, Depth depth)
    : fingerprints_(std::move(fingerprints)),
      depth_(depth),
      compiled_(std::make_unique<Lazy[]>(fingerprints_.patterns.size())) {
  for (std::uint32_t i = 0; i < fingerprints_.patterns.size(); ++i)
    if (Group* group = group_of(fingerprints_.patterns[i])) group->all.push_back(i);
  for (std::uint32_t i = 0; i < fingerprints_.technologies.size(); ++i) {
    const Fingerprint& one = fingerprints_.technologies[i];
    by_name_.emplace(one.name, i);
    relations_ =
        relations_ || !one.needs.empty() || !one.needs_category.empty() || !one.excludes.empty();
  }
  for (Group* group : {&html_, &scripts_, &urls_, &inline_scripts_, &issuers_, &elements_})
    index(*group);
  for (Keys* keys : {&headers_, &cookies_, &metas_})
    for (auto& [key, group] : *keys) index(group);
}

TechnologyDetector::~TechnologyDetector() = default;

/// Null for what is not looked at.
TechnologyDetector::Group* TechnologyDetector::group_of(const Pattern& pattern) {
  const bool deep = depth_ == Depth::kDeep;
  switch (pattern.part) {
    case Pattern::Part::kHeader:
      return &headers_[pattern.key];
    case Pattern::Part::kCookie:
      return &cookies_[pattern.key];
    case Pattern::Part::kMeta:
      return &metas_[pattern.key];
    case Pattern::Part::kScript:
      return &scripts_;
    case Pattern::Part::kUrl:
      return deep ? &urls_ : nullptr;
    case Pattern::Part::kInlineScript:
      return deep ? &inline_scripts_ : nullptr;
    case Pattern::Part::kIssuer:
      return deep ? &issuers_ : nullptr;
    case Pattern::Part::kElement:
      return deep ? &elements_ : nullptr;
    case Pattern::Part::kHtml:
      break;
  }
  return &html_;
}

std::vector<std::string> TechnologyDetector::literals_of(const Pattern& pattern) const {
  if (pattern.part != Pattern::Part::kElement) return match::required_literals(pattern.regex);
  const std::string literal = fingerprints_.selectors[pattern.selector].literal();
  return literal.empty() ? std::vector<std::string>() : std::vector<std::string>{literal};
}

void TechnologyDetector::index(Group& group) {
  if (group.all.size() <= kFewPatterns) {
    group.always = group.all;
    return;
  }
  for (const std::uint32_t pattern : group.all) {
    const auto literals = literals_of(fingerprints_.patterns[pattern]);
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
  if (group.all.empty()) return;
  candidates_of(group, text, evidence);
  for (const std::uint32_t pattern : evidence.candidates) evaluate(pattern, text, evidence);
}

/// The patterns of \p group that may match \p text, into Evidence::candidates.
void TechnologyDetector::candidates_of(const Group& group, std::string_view text,
                                       Evidence& evidence) const {
  auto& candidates = evidence.candidates;
  candidates = evidence.slowly ? group.all : group.always;
  if (evidence.slowly) return;
  group.literals.scan(
      text, [&](std::uint32_t literal) { candidates.push_back(group.pattern_of[literal]); });
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
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
  const std::string lower_body = lower_ascii(body.substr(0, kMaxBody));
  search(html_, lower_body, evidence);
  for (const std::string& source : page.scripts) search(scripts_, lower_ascii(source), evidence);
  for (const auto& [name, content] : page.metas)
    search_key(metas_, lower_ascii(name), lower_ascii(content), evidence);
  if (depth_ == Depth::kDeep) {
    look_deep(response, body.substr(0, kMaxBody), evidence);
    look_at_elements(body.substr(0, kMaxBody), lower_body, evidence);
  }
  return conclude(evidence);
}

void TechnologyDetector::look_deep(const http::Response& response, std::string_view body,
                                   Evidence& evidence) const {
  if (!urls_.all.empty()) search(urls_, lower_ascii(response.url.to_string()), evidence);
  if (response.tls && !issuers_.all.empty()) {
    search(issuers_, lower_ascii(response.tls->issuer_cn), evidence);
    for (const std::string& name : response.tls->issuer_org)
      search(issuers_, lower_ascii(name), evidence);
  }
  if (inline_scripts_.all.empty()) return;
  HtmlScanner tag(body);
  while (tag.next())
    if (tag.is("script") && !tag.content().empty())
      search(inline_scripts_, lower_ascii(tag.content()), evidence);
}

void TechnologyDetector::look_at_elements(std::string_view body, std::string_view lower_body,
                                          Evidence& evidence) const {
  candidates_of(elements_, lower_body, evidence);
  const std::vector<std::uint32_t> candidates = evidence.candidates;
  if (candidates.empty()) return;
  HtmlScanner tag(body);
  std::string value;
  while (tag.next()) {
    for (const std::uint32_t number : candidates) {
      const Pattern& pattern = fingerprints_.patterns[number];
      if (!fingerprints_.selectors[pattern.selector].matches(tag)) continue;
      if (pattern.key.empty() || tag.attribute(pattern.key, value))
        evaluate(number, pattern.key.empty() ? std::string_view() : value, evidence);
    }
  }
}

std::vector<Technology> TechnologyDetector::conclude(Evidence& evidence) const {
  std::vector<Technology> out = seen_and_implied(evidence);
  if (!relations_) return out;
  while (drop_unneeded(out, evidence)) out = seen_and_implied(evidence);
  exclude(out);
  return out;
}

/// Takes what lacks what it requires out of \p evidence. True if there was any.
bool TechnologyDetector::drop_unneeded(const std::vector<Technology>& there,
                                       Evidence& evidence) const {
  const std::size_t before = evidence.seen.size();
  std::erase_if(evidence.seen, [&](const auto& entry) {
    return !has_what_it_needs(fingerprints_.technologies[entry.first], there);
  });
  return evidence.seen.size() < before;
}

bool TechnologyDetector::has_what_it_needs(const Fingerprint& one,
                                           const std::vector<Technology>& there) const {
  if (one.needs.empty() && one.needs_category.empty()) return true;
  return std::any_of(there.begin(), there.end(), [&](const Technology& other) {
    if (other.name == one.name) return false;
    if (std::find(one.needs.begin(), one.needs.end(), other.name) != one.needs.end()) return true;
    const auto known = by_name_.find(other.name);
    if (known == by_name_.end()) return false;
    const auto& categories = fingerprints_.technologies[known->second].categories;
    return std::find_first_of(categories.begin(), categories.end(), one.needs_category.begin(),
                              one.needs_category.end()) != categories.end();
  });
}

void TechnologyDetector::exclude(std::vector<Technology>& there) const {
  std::vector<std::string> excluded;
  for (const Technology& one : there) {
    const auto known = by_name_.find(one.name);
    if (known == by_name_.end()) continue;
    const auto& names = fingerprints_.technologies[known->second].excludes;
    excluded.insert(excluded.end(), names.begin(), names.end());
  }
  std::erase_if(there, [&](const Technology& one) {
    return std::find(excluded.begin(), excluded.end(), one.name) != excluded.end();
  });
}

/// One level of implications, as the reference has it; sorted.
std::vector<Technology> TechnologyDetector::seen_and_implied(const Evidence& evidence) const {
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
