#include "enumerate/permute.h"

#include <algorithm>
#include <cstdlib>

#include <doctest/doctest.h>

#include "base/file.h"
#include "enumerate/mask.h"

namespace m8::enumerate {
namespace {

using Names = std::vector<std::string>;

PermuteConfig config_with(Names patterns) {
  PermuteConfig config;
  config.patterns = std::move(patterns);
  config.payloads = {{"word", {"api", "dev"}}, {"number", {"1", "2"}}};
  return config;
}

Names made_of(Permuter& permuter, const std::string& name) {
  Names made;
  permuter.begin(name);
  for (auto next = permuter.next(); !next.empty(); next = permuter.next()) made.emplace_back(next);
  return made;
}

Names made_by(const std::string& pattern, const std::string& name) {
  auto permuter =
      Permuter::create(config_with({pattern}), {.step = 2, .statements = 64, .candidates = 64});
  REQUIRE(permuter.ok());
  return made_of(*permuter, name);
}

TEST_CASE("enumerate/permute: variables of the name") {
  const std::vector<std::pair<std::string, Names>> table = {
      {"{{sub}}|{{suffix}}", {"a|b.c.example.co.uk"}},
      {"{{sub1}}|{{sub2}}", {"b|c"}},
      {"{{root}}|{{sld}}|{{tld}}|{{etld}}", {"example.co.uk|example|uk|co.uk"}},
      {"{{sub3}}.{{suffix}}", {}},
      {"fixed.{{root}}", {"fixed.example.co.uk"}},
  };
  for (const auto& [pattern, names] : table) {
    const auto& shown = pattern;
    CAPTURE(shown);
    CHECK(made_by(pattern, "a.b.c.example.co.uk") == names);
    CHECK(made_by(pattern, "*.a.b.c.example.co.uk") == names);
  }
  CHECK(made_by("{{etld}}", "a.example.com").empty());
  CHECK(made_by("{{sub}}.{{suffix}}", "example.com").empty());
  CHECK(made_by("{{word}}.{{suffix}}", "co.uk").empty());
}

TEST_CASE(
    "enumerate/permute: payloads, each combination, none that the first label has at an end") {
  const std::vector<std::pair<std::string, Names>> table = {
      {"{{sub}}-{{word}}.{{suffix}}", {"web-api.x.org", "web-dev.x.org"}},
      {"{{word}}{{number}}.{{root}}", {"api1.x.org", "api2.x.org", "dev1.x.org", "dev2.x.org"}},
      {"{{word}}-{{word}}.{{root}}", {"api-api.x.org", "dev-dev.x.org"}},
      {"api-{{word}}.{{root}}", {"api-dev.x.org"}},
      {"{{word}}-dev.{{root}}", {"api-dev.x.org"}},
      {"api.{{word}}.{{root}}", {"api.dev.x.org"}},
      {"{{word}}.api.{{root}}", {"api.api.x.org", "dev.api.x.org"}},
  };
  for (const auto& [pattern, names] : table) {
    const auto& shown = pattern;
    CAPTURE(shown);
    CHECK(made_by(pattern, "web.x.org") == names);
  }
}

TEST_CASE("enumerate/permute: numbers are moved in their width, nearest first") {
  CHECK(made_by("{{step}}.{{suffix}}", "web01.x.org") ==
        Names{"web02.x.org", "web00.x.org", "web03.x.org"});
  CHECK(made_by("{{step}}.{{suffix}}", "a9b1.x.org") ==
        Names{"a10b1.x.org", "a8b1.x.org", "a11b1.x.org", "a7b1.x.org", "a9b2.x.org", "a9b0.x.org",
              "a9b3.x.org"});
  CHECK(made_by("{{step}}.{{suffix}}", "web.x.org").empty());
}

TEST_CASE("enumerate/permute: what was made before is left out, what can't be a name too") {
  auto permuter = Permuter::create(
      config_with({"{{word}}.{{suffix}}", "{{sub}}-{{word}}.{{suffix}}", "{{word}}.{{root}}"}), {});
  REQUIRE(permuter.ok());
  CHECK(made_of(*permuter, "a.x.org") ==
        Names{"api.x.org", "dev.x.org", "a-api.x.org", "a-dev.x.org"});
  CHECK(made_of(*permuter, "b.x.org") == Names{"b-api.x.org", "b-dev.x.org"});
  CHECK(made_of(*permuter, std::string(60, 'c') + ".x.org").empty());
  CHECK(made_by("-{{word}}.{{root}}", "a.x.org").empty());
}

TEST_CASE("enumerate/permute: words and numbers are learned from names") {
  auto permuter = Permuter::create(config_with({"{{word}}{{number}}"}), {});
  REQUIRE(permuter.ok());
  permuter->learn("app7-eu.k8s.x.org");
  const Names made = made_of(*permuter, "a.x.org");
  for (const char* name : {"app7", "eu1", "k8s2", "app8", "api7"})
    CHECK_MESSAGE(std::count(made.begin(), made.end(), name) == 1, name);
  CHECK(std::count(made.begin(), made.end(), "x1") == 0);  // not of the registrable domain
}

TEST_CASE("enumerate/permute: bad patterns, masks and files say why") {
  const std::vector<std::pair<std::string, std::string>> patterns = {
      {"", "pattern: empty"},
      {"{{word}.x", "pattern {{word}.x: {{ without }}"},
      {"{{}}", "pattern {{}}: not a variable: "},
      {"{{a b}}", "pattern {{a b}}: not a variable: a b"},
      {"{{gone}}.x", "pattern {{gone}}.x: nothing gives gone"},
  };
  for (const auto& [pattern, message] : patterns) {
    const auto made = Permuter::create(config_with({pattern}), {});
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().message == message);
  }
  const std::vector<std::pair<std::string, std::string>> files = {
      {"- a", "line 1: not a map with patterns and payloads"},
      {"patterns: a", "line 1: patterns: not a list of texts"},
      {"patterns: [a]\npayloads: {word: [[b]]}", "line 2: word: not a list of texts"},
      {"patterns: [a]\nwords: [b]", "line 2: unknown key: words"},
  };
  for (const auto& [text, message] : files) {
    const auto parsed = PermuteConfig::parse(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message == message);
  }
  CHECK(expand_mask("srv?d").value_or({}).size() == 10);
  CHECK(expand_mask("a??").value_or({}) == Names{"a?"});
  CHECK(expand_mask("?x").error().message == "?x: not one of ?d ?l ?a ?h ??");
  CHECK(expand_mask("a?").error().message == "a mask can't end with one '?'");
  CHECK(expand_mask("?a?a?a?a?a").error().code == ErrorCode::kExhausted);
}

TEST_CASE("enumerate/permute: the patterns written for this project are good") {
  CHECK(Permuter::create(PermuteConfig::built_in(), {}).ok());
}

}  // namespace
}  // namespace m8::enumerate
