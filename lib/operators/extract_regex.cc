// Regex extractor: all matches, or one group of them (templates 7.1).

#include "base/regex.h"
#include "operators/extractor.h"
#include "operators/fields.h"
#include "operators/patterns.h"

namespace m8::operators {
namespace {

class RegexExtractor final : public Extractor {
 public:
  RegexExtractor(ExtractorFields fields, std::vector<Regex> patterns, int group)
      : Extractor(std::move(fields)), patterns_(std::move(patterns)), group_(group) {}

  Need need() const override {
    return is_of_answer(fields_.part) ? need_any(patterns_.needs()) : Need{};
  }

 protected:
  dsl::List values(const Parts& parts, Context&) const override {
    dsl::List out;
    const auto text = parts.text(fields_.part);
    if (!text) return out;
    Patterns::Text searched(*text);
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
      if (!patterns_.may_match(i, searched)) continue;
      dsl::List found = patterns_[i].find_all(*text, group_);
      out.insert(out.end(), std::make_move_iterator(found.begin()),
                 std::make_move_iterator(found.end()));
    }
    return out;
  }

 private:
  const Patterns patterns_;
  const int group_;
};

}  // namespace

ExtractorResult compile_regex_extractor(ExtractorFields fields, const yaml::Node& node) {
  std::vector<Regex> patterns;
  for (const std::string& text : M8_TRY(list_field(node, "regex"))) {
    patterns.push_back(M8_TRY(Regex::compile(text)));
  }
  const auto group = M8_TRY(int_field(node, "group", 0));
  if (group < 0 || group > 1000) return invalid(node, "group: out of range");
  return std::unique_ptr<Extractor>(
      new RegexExtractor(std::move(fields), std::move(patterns), static_cast<int>(group)));
}

}  // namespace m8::operators
