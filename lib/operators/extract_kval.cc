// Kval extractor: values of named fields of the event map (templates 7.1).

#include "operators/bytes.h"
#include "operators/extractor.h"
#include "operators/fields.h"

namespace m8::operators {
namespace {

class KvalExtractor final : public Extractor {
 public:
  KvalExtractor(ExtractorFields fields, std::vector<std::string> keys)
      : Extractor(std::move(fields)), keys_(std::move(keys)) {}

 protected:
  dsl::List values(const Parts& parts, Context&) const override {
    dsl::List out;
    for (const std::string& key : keys_) {
      const auto text = parts.text(fields_.case_insensitive ? real_name(parts, key) : key);
      if (text) out.push_back(fields_.case_insensitive ? to_lower(*text) : std::string(*text));
    }
    return out;
  }

 private:
  static std::string real_name(const Parts& parts, const std::string& key) {
    std::string found = key;
    parts.each_name([&](std::string_view name) {
      if (name != key && to_lower(name) == key) found = name;
    });
    return found;
  }

  const std::vector<std::string> keys_;  ///< lower case
};

}  // namespace

ExtractorResult compile_kval_extractor(ExtractorFields fields, const yaml::Node& node) {
  std::vector<std::string> keys = M8_TRY(list_field(node, "kval"));
  for (std::string& key : keys) key = to_lower(key);
  return std::unique_ptr<Extractor>(new KvalExtractor(std::move(fields), std::move(keys)));
}

}  // namespace m8::operators
