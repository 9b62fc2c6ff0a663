#include "dsl/render.h"

#include <doctest/doctest.h>

#include "dsl/variables.h"

namespace m8::dsl {
namespace {

Services& services() {
  static Services instance;
  return instance;
}

/// The variables of the worked examples in templates.md 2.3.
Variables worked_variables() {
  Variables names;
  names.set("user", "bob");
  names.set("n", 5);
  names.set("x-y", "q");
  names.set("evil", "{{user}}");
  return names;
}

struct Row {
  const char* text;
  const char* result;
};

void check_rows(const std::vector<Row>& rows, const Names& names) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto rendered = render(row.text, names, services());
    REQUIRE_MESSAGE(rendered.ok(), rendered.error().message);
    CHECK(*rendered == row.result);
  }
}

TEST_CASE("dsl/render: worked examples of the specification") {
  check_rows({{"{{user}}", "bob"},
              {"{{ user }}", "bob"},
              {"§user§", "bob"},
              {"{{user + '!'}}", "bob!"},
              {"{{n+1}}", "6"},
              {"{{base64('{{user}}')}}", "Ym9i"},
              {"{{base64(\"§user§\")}}", "Ym9i"},
              {"{{base64(user)}}", "Ym9i"},
              {"{{to_upper(base64(user))}}", "YM9I"},
              {"{{user == 'bob'}}", "true"},
              {"{{x-y}}", "q"},
              {"{{1+1}}", "{{1+1}}"},
              {"{{'s'}}", "{{'s'}}"},
              {"{{{user}}}", "{{{user}}}"},
              {"{{{{user}}}}", "{{bob}}"},
              {"{{evil}}", "{{user}}"},
              {"{{base64(evil)}}", "{{user}}"},
              {"{\"k\":{\"u\":\"{{user}}\"}}", "{\"k\":{\"u\":\"bob\"}}"}},
             worked_variables());
}

TEST_CASE("dsl/render: an unknown name is an error only when a known one is inside it") {
  Variables names;
  names.set("other", "x");
  check_rows({{"{{nosuch}}", "{{nosuch}}"}}, names);
  names.set("such", "x");
  CHECK(!render("{{nosuch}}", names, services()).ok());
}

TEST_CASE("dsl/render: braces inside string literals belong to the expression") {
  Variables names;
  names.set("a", "aa");
  names.set("b", "bb");
  names.set("body", "{{md5(\"Hello\")}}");
  names.set("Host", "127.0.0.1");
  check_rows({{"{{hex_encode('{{')}}", "7b7b"},
              {"{{concat(\"{{\", 123, \"*\", 123, \"}}\")}}", "{{123*123}}"},
              {"{{a + '123*123' + b}}", "aa123*123bb"},
              {"{{base64('{{Host}}')}}", "MTI3LjAuMC4x"},
              {"/?x={{body}}", "/?x={{md5(\"Hello\")}}"},
              {"{{}}", "{{}}"},
              {"{{url_encode('{{7*7}}')}}", "%7B%7B7*7%7D%7D"},
              {"{{base64('{{nosuch}}')}}", "e3tub3N1Y2h9fQ=="},
              {"{{base64('{{u}}:' + '{{p}}')}}", "e3t1fX06e3twfX0="},
              {"{{to_upper(\"{{nosuch}}\")}}", "{{NOSUCH}}"}},
             names);
  check_rows({{"{{someTestData}}{{hex_encode('PING')}}", "{{someTestData}}50494e47"}}, Variables());
}

TEST_CASE("dsl/render: values are escaped for the literal they go into") {
  Variables names;
  names.set("q", "a'b\"c\\d");
  check_rows({{"{{to_upper('{{q}}')}}", "A'B\"C\\D"}, {"{{to_upper(\"§q§\")}}", "A'B\"C\\D"}},
             names);
  CHECK(fill_literals("contains(q, '{{q}}') && {{q}}", names) ==
        "contains(q, 'a\\'b\"c\\\\d') && {{q}}");
}

TEST_CASE("dsl/render: texts of values") {
  Variables names;
  names.set("list", List{"a", "b"});
  names.set("big", 1234567.0);
  names.set("yes", true);
  names.set("raw", Bytes{std::string("\x00\xff", 2)});
  check_rows({{"{{list}}", "[a b]"}, {"{{big}}", "1234567"}, {"{{yes}}", "true"}}, names);
  CHECK(*render("{{raw}}", names, services()) == std::string("\x00\xff", 2));
}

TEST_CASE("dsl/render: errors name the expression") {
  const Variables names = worked_variables();
  const auto missing = render("{{user_id}}", names, services());
  REQUIRE(!missing.ok());
  CHECK(missing.error().message ==
        "could not evaluate helper expressions: failed to evaluate expression \"user_id\": No "
        "parameter 'user_id' found.");
  const auto arity = render("x{{md5(user, n)}}", names, services());
  REQUIRE(!arity.ok());
  CHECK(arity.error().message.find("invalid DSL function signature") != std::string::npos);
}

TEST_CASE("dsl/render: the same random expression twice gives two values") {
  const auto text = render("{{rand_base(20)}} {{rand_base(20)}}", Variables(), services());
  REQUIRE(text.ok());
  REQUIRE(text->size() == 41);
  CHECK(text->substr(0, 20) != text->substr(21));
}

TEST_CASE("dsl/render: after 250 markers expressions stay, names do not") {
  Variables names;
  names.set("user", "bob");
  std::string text;
  for (int i = 0; i < 300; ++i) text += "{{user+'!'}}";
  const auto rendered = render(text + "{{user}}", names, services());
  REQUIRE(rendered.ok());
  CHECK(rendered->starts_with("bob!bob!"));
  CHECK(rendered->ends_with("{{user+'!'}}bob"));
}

TEST_CASE("dsl/render: a text without markers") {
  CHECK(!has_markers("{ {a} } }}"));
  CHECK(has_markers("a{{b"));
  CHECK(has_markers("§b§"));
  CHECK(*render("plain", Variables(), services()) == "plain");
}

TEST_CASE("dsl/render: markers that are left") {
  struct Case {
    const char* text;
    std::vector<std::string> left;
  };
  const std::vector<Case> cases{
      {"GET / HTTP/1.1", {}},
      {"/{{a}}?b={{b}}", {"a", "b"}},
      {"/%7B%7Bname%7D%7D", {"name"}},
      {"/%7b{name}%7d", {"name"}},
      {"{{7*7}} {{'a'}} {{\"x\" + \"y\"}}", {}},
      {"{{md5('x')}}", {}},
      {"{{md5(x)}}", {"md5(x)"}},
      {"{{}}", {}},
      {"{a}", {}},
  };
  for (const Case& row : cases) {
    CAPTURE(row.text);
    CHECK(unresolved(row.text) == row.left);
  }
}

}  // namespace
}  // namespace m8::dsl
