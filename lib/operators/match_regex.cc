// Regex matcher: RE2 search in the part (templates 6.1).

#include "base/regex.h"
#include "operators/fields.h"
#include "operators/matcher.h"
#include "operators/patterns.h"

namespace m8::operators {
namespace {

class RegexMatcher final : public Matcher {
 public:
  RegexMatcher(MatcherFields fields, std::vector<Regex> patterns)
      : Matcher(std::move(fields)), patterns_(std::move(patterns)) {}

  std::vector<Tried> tried(const Parts& parts, Context&) const override {
    std::vector<Tried> out;
    const auto text = parts.text(fields_.part);
    if (!text) return out;
    for (const Regex& pattern : patterns_) {
      const auto found = pattern.find(*text);
      Tried one{pattern.pattern(), found.has_value(), std::nullopt, ""};
      if (found) {
        one.at = found->first;
        one.seen = text->substr(found->first, found->second);
      }
      out.push_back(std::move(one));
    }
    return out;
  }

 protected:
  std::optional<bool> test(const Parts& parts, Context&) const override {
    const auto text = parts.text(fields_.part);
    if (!text) return std::nullopt;
    Patterns::Text searched(*text);
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
      const bool found = patterns_.search(i, searched);
      if (found != fields_.all) return found;
    }
    return fields_.all;
  }

  Need positive_need() const override {
    if (!is_of_answer(fields_.part)) return {};
    return fields_.all ? need_all(patterns_.needs()) : need_any(patterns_.needs());
  }

 private:
  const Patterns patterns_;
};

}  // namespace

MatcherResult compile_regex_matcher(MatcherFields fields, const yaml::Node& node) {
  std::vector<Regex> patterns;
  for (const std::string& text : M8_TRY(list_field(node, "regex"))) {
    patterns.push_back(M8_TRY(Regex::compile(text)));
  }
  if (patterns.empty()) return invalid(node, "matcher regex has no patterns");
  return std::unique_ptr<Matcher>(new RegexMatcher(std::move(fields), std::move(patterns)));
}

}  // namespace m8::operators
