#include "operators/extractor.h"

#include <doctest/doctest.h>

#include "operators/map_parts.h"
#include "operators/registry.h"

using namespace m8;

namespace {

dsl::List extract(const std::string& yaml_text) {
  auto node = yaml::parse(yaml_text);
  REQUIRE(node.ok());
  auto extractor = operators::compile_extractor(*node);
  REQUIRE_MESSAGE(extractor.ok(), yaml_text);
  dsl::Variables values = test::sample_values();
  values.set("body", "a1 b2 a1 c");
  values.set("Capital", "X");
  values.set("big", 1000000.0);
  const test::MapParts parts(std::move(values));
  dsl::Services services;
  operators::Context context{services, {}};
  return (*extractor)->extract(parts, context);
}

}  // namespace

TEST_CASE("operators/extractor: values of every type") {
  struct Row {
    const char* yaml;
    dsl::List expected;
  };
  const Row rows[] = {
      {"{type: regex, regex: ['[a-z]\\d']}", {"a1", "b2"}},
      {"{type: regex, regex: ['([a-z])(\\d)'], group: 2}", {"1", "2"}},
      {"{type: regex, regex: ['([a-z])(\\d)?'], group: 2}", {"1", "2", ""}},
      {"{type: regex, regex: ['[a-z]\\d'], group: 1}", {}},
      {"{type: regex, regex: ['c', 'b']}", {"c", "b"}},
      {"{type: regex, regex: ['.'], part: missing}", {}},
      {"{type: kval, kval: [Content_Type, nosuch, empty]}", {"text/html", ""}},
      {"{type: kval, kval: [status_code]}", {"200"}},
      {"{type: kval, kval: [capital]}", {}},
      {"{type: kval, kval: [capital], case-insensitive: true}", {"x"}},
      {"{type: dsl, dsl: ['to_upper(user)', 'nosuch', 'empty', 'big']}", {"WORLD", "1e+06"}},
      {"{type: dsl, dsl: ['user', 'status_code + true', 'content_type']}", {"World"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    CHECK(extract(row.yaml) == row.expected);
  }
}

TEST_CASE("operators/extractor: json and xpath are named as not there yet") {
  for (const char* type : {"json", "xpath"}) {
    auto node = yaml::parse("{type: " + std::string(type) + "}");
    auto extractor = operators::compile_extractor(*node);
    REQUIRE_FALSE(extractor.ok());
    CHECK(extractor.error().code == ErrorCode::kUnsupported);
    CHECK(extractor.error().message == std::string(type) + " extractor");
  }
}
