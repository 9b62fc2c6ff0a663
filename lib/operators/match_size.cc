// Size matcher: the byte length of the part is in the list (templates 6.1).

#include <algorithm>

#include "operators/fields.h"
#include "operators/matcher.h"

namespace m8::operators {
namespace {

class SizeMatcher final : public Matcher {
 public:
  SizeMatcher(MatcherFields fields, std::vector<std::int64_t> sizes)
      : Matcher(std::move(fields)), sizes_(std::move(sizes)) {}

  std::vector<Tried> tried(const Parts& parts, Context&) const override {
    std::vector<Tried> out;
    const auto text = parts.text(fields_.part);
    if (!text) return out;
    const auto bytes = static_cast<std::int64_t>(text->size());
    for (const std::int64_t size : sizes_)
      out.push_back({std::to_string(size), size == bytes, std::nullopt, std::to_string(bytes)});
    return out;
  }

 protected:
  std::optional<bool> test(const Parts& parts, Context&) const override {
    const auto text = parts.text(fields_.part);
    if (!text) return std::nullopt;
    const auto size = static_cast<std::int64_t>(text->size());
    return std::find(sizes_.begin(), sizes_.end(), size) != sizes_.end();
  }

 private:
  const std::vector<std::int64_t> sizes_;
};

}  // namespace

MatcherResult compile_size_matcher(MatcherFields fields, const yaml::Node& node) {
  auto sizes = M8_TRY(int_list_field(node, "size"));
  if (sizes.empty()) return invalid(node, "matcher size has no sizes");
  return std::unique_ptr<Matcher>(new SizeMatcher(std::move(fields), std::move(sizes)));
}

}  // namespace m8::operators
