#include "output/redact.h"

#include <doctest/doctest.h>

#include "output/records.h"

using namespace m8;
using output::Redactor;

namespace {

std::string redacted(std::string_view text, const Redactor::Options& options = {}) {
  const auto redactor = Redactor::create(options);
  REQUIRE(redactor.ok());
  return redactor->text(text);
}

}  // namespace

TEST_CASE("output/redact: headers that log in lose their values") {
  struct Row {
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\nAuthorization: Basic YWRtaW46eA==\r\nA: b\r\n\r\nx",
       "GET / HTTP/1.1\r\nAuthorization: Basic ***\r\nA: b\r\n\r\nx"},
      {"GET / HTTP/1.1\r\nauthorization: abc\r\n\r\n",
       "GET / HTTP/1.1\r\nauthorization: ***\r\n\r\n"},
      {"GET / HTTP/1.1\nX-API-Key:abc\n\n", "GET / HTTP/1.1\nX-API-Key:***\n\n"},
      {"GET / HTTP/1.1\r\nCookie: sid=1; theme=\r\n\r\n",
       "GET / HTTP/1.1\r\nCookie: sid=***; theme=\r\n\r\n"},
      {"HTTP/1.1 200 OK\r\nSet-Cookie: sid=abc; Path=/; HttpOnly\r\n\r\n",
       "HTTP/1.1 200 OK\r\nSet-Cookie: sid=***; Path=/; HttpOnly\r\n\r\n"},
      // What only looks like a header, in a body.
      {"HTTP/1.1 200 OK\r\n\r\nAuthorization: Basic abc\r\n",
       "HTTP/1.1 200 OK\r\n\r\nAuthorization: Basic abc\r\n"},
      {"HTTP/1.1 200 OK\r\nServer: nginx\r\nLocation: http://u:secret@h/\r\n\r\n",
       "HTTP/1.1 200 OK\r\nServer: nginx\r\nLocation: http://u:***@h/\r\n\r\n"},
      {"", ""},
  };
  for (const Row& row : rows) CHECK(redacted(row.text) == row.expected);
}

TEST_CASE("output/redact: tokens of well-known forms go, wherever they are") {
  const std::string begin = "HTTP/1.1 200 OK\r\n\r\nt=";
  const std::string jwt =
      std::string("eyJ") + "hbGciOiJIUzI1" + ".eyJ" + "zdWIiOiIxMjM0" + ".abc_-";
  CHECK(redacted(begin + jwt + ";") == begin + "eyJ***;");
  CHECK(redacted(begin + "AKIA" + "IOSFODNN7EXAMPLE" + " x") == begin + "AKIA*** x");
  CHECK(redacted(begin + "ghp_" + std::string(36, 'a')) == begin + "ghp_***");
  CHECK(redacted(begin + "AKIAshort") == begin + "AKIAshort");
  Redactor::Options off;
  off.secrets = false;
  CHECK(redacted(begin + jwt, off) == begin + jwt);
}

TEST_CASE("output/redact: -rd keys, patterns and known values") {
  Redactor::Options options;
  options.secrets = false;
  options.keys = {"password", "x.y"};
  CHECK(redacted("a?PassWord=abc&b=1", options) == "a?PassWord=***&b=1");
  CHECK(redacted("{\"password\" : \"abc\"}", options) == "{\"password\" : \"abc\"}");
  CHECK(redacted("password : 'abc' x.y=1\r\nxzy=2", options) ==
        "password : '***' x.y=***\r\nxzy=2");
  options.keys.clear();
  options.patterns = {"s3cr[e3]t"};
  options.values = {"hunter2", "abc"};
  CHECK(redacted("s3cret hunter2 abc", options) == "*** *** abc");
  CHECK_FALSE(Redactor::create({true, {}, {"("}, {}}).ok());
}

TEST_CASE("output/redact: a finding keeps its evidence") {
  model::Finding finding = test::sample_finding();
  finding.request = "GET / HTTP/1.1\r\nCookie: a=b\r\n\r\n";
  finding.curl_command = "curl -X 'GET' -H 'Cookie: a=it'\\''s' -H 'Accept: */*' 'http://t/'";
  finding.extracted_results = {
      "AKIA"
      "IOSFODNN7EXAMPLE"};
  const auto redactor = Redactor::create({});
  REQUIRE(redactor.ok());
  redactor->apply(finding);
  CHECK(finding.request == "GET / HTTP/1.1\r\nCookie: a=***\r\n\r\n");
  CHECK(finding.curl_command == "curl -X 'GET' -H 'Cookie: a=***' -H 'Accept: */*' 'http://t/'");
  CHECK(finding.extracted_results[0] ==
        "AKIA"
        "IOSFODNN7EXAMPLE");
  CHECK(finding.matched_at == "https://t.example:8443/run?c=id");
}
