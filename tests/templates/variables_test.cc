#include "templates/variables.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::templates;

namespace {

protocols::InteractionUrls no_urls(nullptr);

}  // namespace

TEST_CASE("templates/variables: what needs a target or an unknown name is lazy") {
  struct Row {
    NamedTexts variables;
    bool lazy;
  };
  const Row rows[] = {
      {{{"a", "x"}, {"b", "{{a}}"}}, false},
      {{{"a", "{{rand_int(1,9)}}"}}, false},
      {{{"a", "{{base64(b)}}"}, {"b", "x"}}, false},
      {{{"a", "{{BaseURL}}"}}, true},
      {{{"a", "MyHostname"}}, true},
      {{{"a", "{{to_lower(token)}}"}}, true},
      {{{"a", "{{interactsh-url}}"}}, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.variables[0].second);
    CHECK(needs_lazy_evaluation(row.variables) == row.lazy);
  }
}

TEST_CASE("templates/variables: eager values are made once") {
  dsl::Services services;
  const auto hook =
      make_variables_hook({{"a", "{{rand_text_alpha(20)}}"}, {"b", "<{{a}}>"}}, false, services);
  const dsl::Variables nothing;
  const auto first = hook(nothing, no_urls), second = hook(nothing, no_urls);
  REQUIRE(first.ok());
  CHECK(first->get() == second->get());
  CHECK((*first)->find("a")->text().size() == 20);
  CHECK((*first)->find("b")->text() == "<" + (*first)->find("a")->text() + ">");
}

TEST_CASE("templates/variables: lazy values are made for every request") {
  dsl::Services services;
  const auto hook = make_variables_hook(
      {{"a", "{{rand_text_alpha(20)}}"}, {"u", "{{Hostname}}/{{a}}"}}, false, services);
  dsl::Variables known;
  known.set("Hostname", "h");
  const auto first = hook(known, no_urls), second = hook(known, no_urls);
  REQUIRE(first.ok());
  CHECK((*first)->find("a")->text() != (*second)->find("a")->text());
  CHECK((*first)->find("u")->text() == "h/" + (*first)->find("a")->text());
}

TEST_CASE("templates/variables: a known name replaces the template's text") {
  dsl::Services services;
  dsl::Variables known;
  known.set("user", "x");
  for (const char* text : {"admin", "{{Hostname}}"}) {
    const auto values = make_variables_hook({{"user", text}}, false, services)(known, no_urls);
    REQUIRE(values.ok());
    CHECK((*values)->find("user")->text() == "x");
  }
}

TEST_CASE("templates/variables: no variables, no hook") {
  dsl::Services services;
  CHECK(!make_variables_hook({}, false, services));
}
