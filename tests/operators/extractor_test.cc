#include "operators/extractor.h"

#include <doctest/doctest.h>

#include "operators/map_parts.h"
#include "operators/registry.h"

using namespace m8;

namespace {

dsl::List extract(const std::string& yaml_text, const std::string& body = "a1 b2 a1 c") {
  auto node = yaml::parse(yaml_text);
  REQUIRE(node.ok());
  auto extractor = operators::compile_extractor(*node);
  REQUIRE_MESSAGE(extractor.ok(), yaml_text);
  dsl::Variables values = test::sample_values();
  values.set("body", body);
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

TEST_CASE("operators/extractor: json as the reference writes it (templates 7.1)") {
  struct Row {
    const char *body, *program;
    dsl::List expected;
  };
  const Row rows[] = {
      {R"({"a":{"b":"x"}})", ".a.b", {"x"}},
      {R"([1, 1.50, 1e21, true, null])", ".[]", {"1", "1.5", "1000000000000000000000", "true", ""}},
      {R"({"b":"<", "a":[1e3]})", ".", {R"({"a":[1000],"b":"\u003c"})"}},
      {R"([{"slug":"b"},{"slug":"a"},{"slug":"b"}])", " .[] | .slug", {"b", "a"}},
      {R"([0,[{"x":1}]])", ".[1].[] | .x", {"1"}},
      {"<html>", ".", {}},
      {"{} {}", ".", {}},
      {"{}", ".[", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.program);
    CHECK(extract("{type: json, json: ['" + std::string(row.program) + "']}", row.body) ==
          row.expected);
  }
}

TEST_CASE("operators/extractor: xpath gives texts or an attribute (templates 7.1)") {
  constexpr const char* kPage = "<ul><li id=a>one</li><li id=b>two</li></ul>";
  CHECK(extract("{type: xpath, xpath: ['//li']}", kPage) == dsl::List{"one", "two"});
  CHECK(extract("{type: xpath, xpath: ['//li', '//ul/li'], attribute: id}", kPage) ==
        dsl::List{"a", "b"});
  CHECK(extract("{type: xpath, xpath: ['/html/body/ul/li[2]']}", kPage) == dsl::List{"two"});
  CHECK(extract("{type: xpath, xpath: ['//li['], part: body}", kPage).empty());
}
