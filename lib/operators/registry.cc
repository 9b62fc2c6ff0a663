#include "operators/registry.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "operators/bytes.h"
#include "operators/fields.h"

namespace m8::operators {
namespace {

/// A type of matcher: its name, the keys it has besides the common ones (comma-separated), and who
/// compiles it.
struct MatcherType {
  std::string_view name;
  std::string_view keys;
  MatcherResult (*compile)(MatcherFields, const yaml::Node&);
};

constexpr std::array kMatcherTypes{
    MatcherType{"word", "words,part,encoding,case-insensitive", compile_word_matcher},
    MatcherType{"status", "status,part", compile_status_matcher},
    MatcherType{"size", "size,part", compile_size_matcher},
    MatcherType{"regex", "regex,part,encoding,case-insensitive", compile_regex_matcher},
    MatcherType{"binary", "binary,part,encoding,case-insensitive", compile_binary_matcher},
    MatcherType{"dsl", "dsl", compile_dsl_matcher},
    MatcherType{"xpath", "xpath,part", compile_xpath_matcher},
};

struct ExtractorType {
  std::string_view name;
  ExtractorResult (*compile)(ExtractorFields, const yaml::Node&);
};

constexpr std::array kExtractorTypes{
    ExtractorType{"regex", compile_regex_extractor}, ExtractorType{"kval", compile_kval_extractor},
    ExtractorType{"dsl", compile_dsl_extractor},     ExtractorType{"json", compile_json_extractor},
    ExtractorType{"xpath", compile_xpath_extractor},
};

template <typename Types>
auto find_type(const Types& types, std::string_view name) {
  const auto* found = std::find_if(types.begin(), types.end(),
                                   [name](const auto& type) { return type.name == name; });
  return found == types.end() ? nullptr : found;
}

bool in_list(std::string_view list, std::string_view word) {
  return ("," + std::string(list) + ",").find("," + std::string(word) + ",") != std::string::npos;
}

/// The reference does not see keys that hold their type's zero value.
bool is_zero(const yaml::Node& node) {
  bool flag = false;
  return node.is_null() || (node.is_scalar() && node.text().empty()) ||
         (node.as_bool(flag) && !flag) || (node.is_sequence() && node.items().empty());
}

Status check_matcher_keys(const MatcherType& type, const yaml::Node& node) {
  constexpr std::string_view kCommon = "type,condition,name,negative,internal,match-all";
  std::string unexpected;
  for (const auto& [key, value] : node.members()) {
    if (in_list(kCommon, key) || in_list(type.keys, key) || is_zero(value)) continue;
    unexpected.append(unexpected.empty() ? "" : ", ").append(key);
  }
  if (unexpected.empty()) return {};
  return invalid(node, fmt::format("matcher {} has unexpected fields: {}", type.name, unexpected));
}

Result<MatcherFields> matcher_fields(const MatcherType& type, const yaml::Node& node) {
  MatcherFields fields;
  fields.type = type.name;
  fields.name = M8_TRY(text_field(node, "name"));
  if (auto part = M8_TRY(text_field(node, "part")); !part.empty()) fields.part = std::move(part);
  fields.all = M8_TRY(word_field(node, "condition", {"or", "and"}, 0)) == 1;
  fields.negative = M8_TRY(bool_field(node, "negative"));
  fields.internal = M8_TRY(bool_field(node, "internal"));
  fields.hex = M8_TRY(text_field(node, "encoding")) == "hex";
  fields.case_insensitive = M8_TRY(bool_field(node, "case-insensitive"));
  if (fields.case_insensitive && type.name != "word") {
    return invalid(node, fmt::format("case-insensitive flag is supported only for 'word' matchers "
                                     "(not '{}')",
                                     type.name));
  }
  return fields;
}

Result<ExtractorFields> extractor_fields(const ExtractorType& type, const yaml::Node& node) {
  ExtractorFields fields;
  fields.type = type.name;
  fields.name = M8_TRY(text_field(node, "name"));
  if (auto part = M8_TRY(text_field(node, "part")); !part.empty()) fields.part = std::move(part);
  fields.internal = M8_TRY(bool_field(node, "internal"));
  fields.case_insensitive = M8_TRY(bool_field(node, "case-insensitive"));
  if (fields.case_insensitive && type.name != "kval") {
    return invalid(node, fmt::format("case-insensitive flag is supported only for 'kval' "
                                     "extractors (not '{}')",
                                     type.name));
  }
  return fields;
}

}  // namespace

MatcherResult compile_matcher(const yaml::Node& node) {
  if (!node.is_map()) return invalid(node, "matcher: expected a map");
  const std::string name = to_lower(M8_TRY(text_field(node, "type")));
  const MatcherType* type = find_type(kMatcherTypes, name);
  if (type == nullptr)
    return invalid(node, fmt::format("unknown matcher type specified: {}", name));
  M8_TRY(check_matcher_keys(*type, node));
  MatcherFields fields = M8_TRY(matcher_fields(*type, node));
  return type->compile(std::move(fields), node);
}

ExtractorResult compile_extractor(const yaml::Node& node) {
  if (!node.is_map()) return invalid(node, "extractor: expected a map");
  const std::string name = to_lower(M8_TRY(text_field(node, "type")));
  const ExtractorType* type = find_type(kExtractorTypes, name);
  if (type == nullptr) {
    return invalid(node, fmt::format("unknown extractor type specified: {}", name));
  }
  ExtractorFields fields = M8_TRY(extractor_fields(*type, node));
  return type->compile(std::move(fields), node);
}

}  // namespace m8::operators
