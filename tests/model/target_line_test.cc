#include "model/target_line.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::model;
using Kind = TargetSpec::Kind;

TEST_CASE("model/target_line: plain targets") {
  struct Row {
    std::string text;
    Kind kind;
    std::string url;  ///< as Url::to_string(); scheme left out for hosts
  };
  const Row rows[] = {
      {"http://a.com/x?q=1", Kind::kUrl, "http://a.com/x?q=1"},
      {"HTTPS://A.com:8443", Kind::kUrl, "https://a.com:8443"},
      {"  http://a.com \t", Kind::kUrl, "http://a.com"},
      {"http://[::1]:8080/p", Kind::kUrl, "http://[::1]:8080/p"},
      {"http://127.0.0.1:80", Kind::kUrl, "http://127.0.0.1:80"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto spec = parse_target(row.text);
    REQUIRE(spec.ok());
    CHECK(spec->kind == row.kind);
    CHECK(spec->url.to_string() == row.url);
  }
}

TEST_CASE("model/target_line: bare hosts have no scheme") {
  struct Row {
    std::string text, authority, path;
  };
  const Row rows[] = {{"a.com", "a.com", ""},
                      {"A.com:8443/path", "a.com:8443", "/path"},
                      {"127.0.0.1:81", "127.0.0.1:81", ""},
                      {"::1", "[::1]", ""},
                      {"[::1]:443", "[::1]:443", ""},
                      {"_dmarc.a.com", "_dmarc.a.com", ""},
                      {"b\xc3\xbc"
                       "cher.de",
                       "xn--bcher-kva.de", ""}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto spec = parse_target(row.text);
    REQUIRE(spec.ok());
    CHECK(spec->kind == Kind::kHost);
    CHECK(spec->url.scheme.empty());
    CHECK(spec->url.authority() == row.authority);
    CHECK(spec->url.path == row.path);
  }
}

TEST_CASE("model/target_line: ranges stay ranges") {
  const auto spec = parse_target("10.0.0.0/30");
  REQUIRE(spec.ok());
  CHECK(spec->kind == Kind::kRange);
  CHECK(spec->range.count() == 4);
}

TEST_CASE("model/target_line: what is no target says why") {
  const std::string long_name = std::string(250, 'a') + ".com";
  std::string many_labels;
  for (int i = 0; i < 130; ++i) many_labels += "a.";
  for (const std::string& text :
       {std::string(), std::string("a b"), std::string("a\x01"), std::string("http://"),
        std::string("a.com:99999"), long_name, many_labels + "com", std::string(9000, 'a'),
        std::string("a..b"), std::string("http://a..b/"), std::string("::::")}) {
    CAPTURE(text);
    const auto spec = parse_target(text);
    REQUIRE(!spec.ok());
    CHECK(spec.error().code == ErrorCode::kInvalidArgument);
    CHECK(spec.error().message.rfind("not a target: ", 0) == 0);
    CHECK(spec.error().message.size() < 400);
  }
  for (const char* text : {"ftp://a.com", "AS123", "as15169"}) {
    CAPTURE(text);
    const auto spec = parse_target(text);
    REQUIRE(!spec.ok());
    CHECK(spec.error().code == ErrorCode::kUnsupported);
  }
}

TEST_CASE("model/target_line: JSON lines of the field's tools") {
  struct Row {
    const char *line, *input;
  };
  const Row rows[] = {
      // asmm8 enum
      {R"({"domain":"e.com","hostname":"www.e.com","sources":["bruteforce"],"a":["192.0.2.1"]})",
       "www.e.com"},
      // subfinder
      {R"({"host":"a.e.com","input":"e.com","source":"crtsh"})", "a.e.com"},
      // dnsx
      {R"({"host":"b.e.com","resolver":["1.1.1.1:53"],"a":["192.0.2.1"],"status_code":"NOERROR"})",
       "b.e.com"},
      // httpx, asmm8 probe
      {R"({"url":"https://c.e.com:8443","input":"c.e.com","host":"192.0.2.1","port":"8443","status_code":200})",
       "https://c.e.com:8443"},
      // naabu
      {R"({"host":"d.e.com","ip":"192.0.2.1","port":8080})", "d.e.com:8080"},
      {R"({"host":"2001:db8::1","port":"8080"})", "[2001:db8::1]:8080"},
      {R"({"input":"e.com"})", "e.com"},
      {R"({"ip":"192.0.2.1"})", "192.0.2.1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    const auto spec = parse_target_line(row.line);
    REQUIRE(spec.ok());
    CHECK(spec->input == row.input);
  }
}

TEST_CASE("model/target_line: records without a target") {
  CHECK(parse_target_line(R"({"a":1})").error().code == ErrorCode::kInvalidArgument);
  CHECK(parse_target_line(R"({"host":)").error().code == ErrorCode::kInvalidArgument);
  CHECK(parse_target_line(R"({"host":7})").error().code == ErrorCode::kInvalidArgument);
  CHECK(parse_target_line(R"({"host":"x.com","status_code":"NXDOMAIN"})").error().code ==
        ErrorCode::kNotFound);
}
