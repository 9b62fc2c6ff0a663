// Word matcher: the part contains words, which may hold {{markers}} (templates 2.6, 6.1).

#include <algorithm>

#include "base/hash.h"
#include "dsl/render.h"
#include "operators/bytes.h"
#include "operators/fields.h"
#include "operators/matcher.h"

namespace m8::operators {
namespace {

struct Word {
  std::string text;
  bool has_markers = false;
};

class WordMatcher final : public Matcher {
 public:
  WordMatcher(MatcherFields fields, std::vector<Word> words)
      : Matcher(std::move(fields)), words_(std::move(words)) {}

  std::vector<Tried> tried(const Parts& parts, Context& context) const override {
    std::vector<Tried> out;
    if (!parts.text(fields_.part)) return out;
    for (const Word& word : words_) {
      auto rendered = word.has_markers ? dsl::render(word.text, parts, context.services)
                                       : Result<std::string>(word.text);
      Tried one{rendered ? *rendered : word.text, false, std::nullopt, ""};
      if (!rendered) one.seen = rendered.error().message;
      const auto text = parts.text(fields_.part).value_or("");
      const std::size_t at =
          fields_.case_insensitive ? find_folded(text, one.wanted) : find_bytes(text, one.wanted);
      one.found = at != std::string_view::npos && (rendered || !fields_.all);
      if (one.found) one.at = at;
      out.push_back(std::move(one));
    }
    return out;
  }

  bool reads_part_only() const override {
    return std::none_of(words_.begin(), words_.end(), [](const Word& w) { return w.has_markers; });
  }

 protected:
  std::optional<bool> test(const Parts& parts, Context& context) const override {
    const auto text = parts.text(fields_.part);
    if (!text) return std::nullopt;
    for (const Word& word : words_) {
      const bool found =
          word.has_markers ? has_rendered(parts, word, context) : has(*text, word.text);
      if (found != fields_.all) return found;
    }
    return fields_.all;
  }

  Need positive_need() const override {
    if (!is_of_answer(fields_.part)) return {};
    std::vector<Need> needs;
    for (const Word& word : words_)
      needs.push_back(word.has_markers ? Need{} : need_literal(word.text));
    return fields_.all ? need_all(std::move(needs)) : need_any(std::move(needs));
  }

 private:
  bool has(std::string_view text, std::string_view word) const {
    return fields_.case_insensitive ? contains_folded(text, word) : contains(text, word);
  }

  /// A word that can't be rendered fails under `and` and is searched as it is under `or`.
  bool has_rendered(const Parts& parts, const Word& word, Context& context) const {
    auto rendered = dsl::render(word.text, parts, context.services);
    if (!rendered && fields_.all) return false;
    // Rendering may have used the views: ask again.
    const auto text = parts.text(fields_.part);
    return text && has(*text, rendered ? *rendered : word.text);
  }

  const std::vector<Word> words_;
};

}  // namespace

MatcherResult compile_word_matcher(MatcherFields fields, const yaml::Node& node) {
  std::vector<Word> words;
  for (std::string text : M8_TRY(list_field(node, "words"))) {
    if (fields.hex) text = M8_TRY(hex_decode(text));
    if (fields.case_insensitive) text = to_lower(text);
    const bool has_markers = dsl::has_markers(text);
    words.push_back({std::move(text), has_markers});
  }
  if (words.empty()) return invalid(node, "matcher word has no words");
  return std::unique_ptr<Matcher>(new WordMatcher(std::move(fields), std::move(words)));
}

}  // namespace m8::operators
