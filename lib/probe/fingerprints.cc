#include "probe/fingerprints.h"

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "base/json.h"
#include "probe/html.h"

namespace m8::probe {
namespace {

constexpr std::string_view kSeparator = "\\;";
constexpr std::size_t kMaxPattern = 4096;

/// Calls \p visit with each part of \p text between separators.
template <typename Visit>
void each_part(std::string_view text, Visit visit) {
  for (;;) {
    const std::size_t end = text.find(kSeparator);
    visit(text.substr(0, end));
    if (end == text.npos) return;
    text.remove_prefix(end + kSeparator.size());
  }
}

int confidence_of(std::string_view text) {
  int value = 100;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::clamp(value, 0, 100);
}

/// Puts "version:x" or "confidence:n" where it belongs.
void read_tag(std::string_view tag, std::string& version, int& confidence) {
  const std::size_t colon = tag.find(':');
  if (colon == tag.npos) return;
  const std::string_view value = tag.substr(colon + 1);
  if (tag.substr(0, colon) == "version") version = value;
  if (tag.substr(0, colon) == "confidence") confidence = confidence_of(value);
}

class Reader {
 public:
  explicit Reader(Fingerprints& out) : out_(out) {}

  void technology(const std::string& name, const json::Value& entry) {
    if (!entry.is_object() || name.empty()) {
      ++out_.skipped;
      return;
    }
    index_ = static_cast<std::uint32_t>(out_.technologies.size());
    out_.technologies.emplace_back().name = name;
    for (const auto& [key, value] : entry.members()) field(key, value);
  }

 private:
  void field(const std::string& key, const json::Value& value) {
    if (key == "headers") return named(Pattern::Part::kHeader, value);
    if (key == "cookies") return named(Pattern::Part::kCookie, value);
    if (key == "meta") return named(Pattern::Part::kMeta, value);
    if (key == "html") return patterns(Pattern::Part::kHtml, {}, value);
    if (key == "scriptSrc" || key == "script") return patterns(Pattern::Part::kScript, {}, value);
    if (key == "implies") return each_text(value, [&](std::string_view text) { implied(text); });
    if (key == "url") return patterns(Pattern::Part::kUrl, {}, value);
    if (key == "scripts") return patterns(Pattern::Part::kInlineScript, {}, value);
    if (key == "certIssuer") return patterns(Pattern::Part::kIssuer, {}, value);
    if (key == "dom") return elements(value);
    Fingerprint& mine = out_.technologies[index_];
    if (key == "requires") return names(value, mine.needs);
    if (key == "excludes") return names(value, mine.excludes);
    if (key == "cats") return numbers(value, mine.categories);
    if (key == "requiresCategory") return numbers(value, mine.needs_category);
  }

  /// Without what stands behind a separator.
  void names(const json::Value& value, std::vector<std::string>& out) {
    each_text(value, [&](std::string_view text) {
      out.emplace_back(text.substr(0, text.find(kSeparator)));
    });
  }

  void numbers(const json::Value& value, std::vector<int>& out) {
    const auto one = [&](const json::Value& item) {
      out.push_back(static_cast<int>(item.as_int(-1)));
    };
    if (!value.is_array()) return one(value);
    for (const json::Value& item : value.items()) one(item);
  }

  /// "SELECTOR", ["SELECTOR"], or {"SELECTOR": {"exists": "", "attributes": {NAME: PATTERN}}}.
  void elements(const json::Value& value) {
    if (!value.is_object())
      return each_text(value, [&](std::string_view text) { element(text, {}, {}); });
    for (const auto& [selector, what] : value.members()) {
      if (!what.is_object() || what.find("exists") != nullptr) {
        element(selector, {}, {});
      } else if (const json::Value* found = what.find("attributes")) {
        attributes(selector, *found);
      } else {
        ++out_.unseen;
      }
    }
  }

  void attributes(const std::string& selector, const json::Value& value) {
    for (const auto& [name, texts] : value.members())
      each_text(texts, [&, attribute = lower_ascii(name)](std::string_view text) {
        element(selector, attribute, text);
      });
  }

  void element(std::string_view selectors, const std::string& attribute, std::string_view text) {
    for (Selector& selector : Selector::parse_list(selectors, out_.unseen)) {
      Pattern pattern;
      pattern.part = Pattern::Part::kElement;
      pattern.technology = index_;
      pattern.key = attribute;
      pattern.selector = static_cast<std::uint32_t>(out_.selectors.size());
      read_pattern(text, pattern);
      out_.selectors.push_back(std::move(selector));
      out_.patterns.push_back(std::move(pattern));
    }
  }

  void named(Pattern::Part part, const json::Value& value) {
    if (!value.is_object()) {
      ++out_.skipped;
      return;
    }
    for (const auto& [name, texts] : value.members()) patterns(part, lower_ascii(name), texts);
  }

  void patterns(Pattern::Part part, const std::string& key, const json::Value& value) {
    each_text(value, [&](std::string_view text) {
      Pattern pattern;
      pattern.part = part;
      pattern.technology = index_;
      pattern.key = key;
      read_pattern(text, pattern);
      out_.patterns.push_back(std::move(pattern));
    });
  }

  /// A text, or each text of a list.
  template <typename Visit>
  void each_text(const json::Value& value, Visit visit) {
    const auto one = [&](const json::Value& item) {
      if (item.is_string() && item.as_string().size() <= kMaxPattern) {
        visit(item.as_string());
      } else {
        ++out_.skipped;
      }
    };
    if (!value.is_array()) return one(value);
    for (const json::Value& item : value.items()) one(item);
  }

  void implied(std::string_view text) {
    Implied implied;
    bool first = true;
    each_part(text, [&](std::string_view part) {
      if (first) {
        implied.name = part;
      } else {
        read_tag(part, implied.version, implied.confidence);
      }
      first = false;
    });
    out_.technologies[index_].implies.push_back(std::move(implied));
  }

  Fingerprints& out_;
  std::uint32_t index_ = 0;
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

void read_pattern(std::string_view text, Pattern& pattern) {
  bool first = true;
  each_part(text, [&](std::string_view part) {
    if (first) {
      pattern.regex = part;
    } else {
      read_tag(part, pattern.version, pattern.confidence);
    }
    first = false;
  });
}

/// "a?b:c": b if the first group matched something, else c; without b, c.
std::string version_of(const Pattern& pattern, const std::vector<std::string>& groups) {
  std::string text = pattern.version;
  for (std::size_t i = 0; i < groups.size() && i < 9; ++i)
    replace_all(text, "\\" + std::to_string(i + 1), groups[i]);
  const std::size_t question = text.find('?');
  if (question != text.npos) {
    const std::size_t colon = text.find(':', question);
    if (colon == text.npos || text.find('?', question + 1) != text.npos ||
        text.find(':', colon + 1) != text.npos)
      return {};
    const bool matched = !groups.empty() && !groups[0].empty();
    const std::string yes = text.substr(question + 1, colon - question - 1);
    text = !yes.empty() && matched ? yes : text.substr(colon + 1);
  }
  return std::string(trim(text));
}

Result<Fingerprints> Fingerprints::parse(std::string_view text) {
  const auto root = json::parse(text);
  if (!root.ok()) return root.error().with_context("fingerprints");
  const json::Value* apps = root->find("apps");
  if (apps == nullptr) apps = root->find("technologies");
  if (apps == nullptr || !apps->is_object())
    return Error{ErrorCode::kInvalidArgument, "fingerprints: no \"apps\" and no \"technologies\""};
  Fingerprints out;
  out.technologies.reserve(apps->members().size());
  Reader reader(out);
  for (const auto& [name, entry] : apps->members()) reader.technology(name, entry);
  return out;
}

Result<Fingerprints> Fingerprints::load(const std::string& path) {
  const std::string text = M8_TRY(read_file(path));
  auto out = parse(text);
  if (!out.ok()) return out.error().with_context(path);
  return out;
}

}  // namespace m8::probe
