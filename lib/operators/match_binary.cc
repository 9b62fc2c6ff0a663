// Binary matcher: the part contains bytes given in hex (templates 6.1).

#include "base/hash.h"
#include "operators/bytes.h"
#include "operators/fields.h"
#include "operators/matcher.h"

namespace m8::operators {
namespace {

class BinaryMatcher final : public Matcher {
 public:
  BinaryMatcher(MatcherFields fields, std::vector<std::string> needles)
      : Matcher(std::move(fields)), needles_(std::move(needles)) {}

  std::vector<Tried> tried(const Parts& parts, Context&) const override {
    std::vector<Tried> out;
    const auto text = parts.text(fields_.part);
    if (!text) return out;
    for (const std::string& needle : needles_) {
      const std::size_t at = find_bytes(*text, needle);
      Tried one{hex_encode(needle), at != std::string_view::npos, std::nullopt, ""};
      if (one.found) one.at = at;
      out.push_back(std::move(one));
    }
    return out;
  }

 protected:
  std::optional<bool> test(const Parts& parts, Context&) const override {
    const auto text = parts.text(fields_.part);
    if (!text) return std::nullopt;
    for (const std::string& needle : needles_) {
      const bool found = contains(*text, needle);
      if (found != fields_.all) return found;
    }
    return fields_.all;
  }

  Need positive_need() const override {
    if (!is_of_answer(fields_.part)) return {};
    std::vector<Need> needs;
    for (const std::string& needle : needles_) needs.push_back(need_literal(needle));
    return fields_.all ? need_all(std::move(needs)) : need_any(std::move(needs));
  }

 private:
  const std::vector<std::string> needles_;
};

}  // namespace

MatcherResult compile_binary_matcher(MatcherFields fields, const yaml::Node& node) {
  std::vector<std::string> needles;
  for (const std::string& text : M8_TRY(list_field(node, "binary"))) {
    needles.push_back(M8_TRY(hex_decode(text)));
  }
  if (needles.empty()) return invalid(node, "matcher binary has no values");
  return std::unique_ptr<Matcher>(new BinaryMatcher(std::move(fields), std::move(needles)));
}

}  // namespace m8::operators
