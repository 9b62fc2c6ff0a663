#include "http/raw_request.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::http;

TEST_CASE("http/raw_request: request lines as the reference engine splits them") {
  struct Row {
    std::string line, method, target;
    bool ok = true;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1", "GET", "/"},
      {"GET  /a\t HTTP/1.1\r", "GET", "/a"},
      {"GET /a b HTTP/1.1", "GET", "/a"},
      {"GET HTTP/1.1", "GET", ""},
      {"foo /x HTTP/9", "foo", "/x"},
      {"POST http://a.com/y?z=1 HTTP/1.1", "POST", "http://a.com/y?z=1"},
      {"GET /", "", "", false},
      {"GET", "", "", false},
      {"", "", "", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    const auto line = parse_request_line(row.line);
    REQUIRE(line.ok() == row.ok);
    if (!row.ok) {
      CHECK(line.error().message == "malformed request specified");
      continue;
    }
    CHECK(line->method == row.method);
    CHECK(line->target == row.target);
  }
  CHECK(parse_request_line("GET /", true)->target == "/");
}

TEST_CASE("http/raw_request: header lines and their quirks") {
  const auto request = RawRequest::parse(
      "POST /x HTTP/1.1\r\n Host:  a.com \r\nX-A: 1\r\nodd line\r\nX-A: 2\r\n: nameless\r\nX-B:\r\n"
      "\t \r\nbody\r\n\r\n");
  REQUIRE(request.ok());
  REQUIRE(request->headers.size() == 4);
  CHECK(request->headers[0].name == "Host");
  CHECK(request->headers[0].value == "a.com");
  CHECK(request->headers[1].value == "2");
  CHECK(request->headers[2].name == "odd line");
  CHECK(request->headers[2].value == "1");
  CHECK(request->headers[3].name == "X-B");
  CHECK(request->headers[3].value.empty());
  CHECK(request->body == "body\r\n");
}

TEST_CASE("http/raw_request: one final CRLF goes, unless the body is multipart") {
  struct Row {
    std::string tail, body;
  };
  const Row rows[] = {
      {"\r\na=1\r\n", "a=1"},
      {"\r\na=1", "a=1"},
      {"\r\na=1\n", "a=1\n"},
      {"\r\na=1\r\n\r\n", "a=1\r\n"},
      {"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x--\r\n", "--x--\r\n"},
      {"content-type: multipart/form-data\r\n\r\n--x--\r\n", "--x--"},
      {"", ""},
      {"\r\n", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.tail);
    const auto request = RawRequest::parse("POST / HTTP/1.1\r\nA: b\r\n" + row.tail);
    REQUIRE(request.ok());
    CHECK(request->body == row.body);
  }
}

TEST_CASE("http/raw_request: annotations") {
  const auto request = RawRequest::parse(
      "@Host: https://other.example:8443/\n@Host: second.example\n@timeout: 20s\n"
      "@tls-sni: request.host \n@once\n@unknown\nGET / HTTP/1.1\n\n");
  REQUIRE(request.ok());
  const Annotations& annotations = request->annotations;
  CHECK(annotations.host_scheme == "https");
  REQUIRE(annotations.host);
  CHECK(annotations.host->host == "other.example");
  CHECK(annotations.host->port == 8443);
  CHECK(annotations.timeout == std::chrono::seconds(20));
  CHECK(annotations.tls_sni == "request.host");
  CHECK(annotations.once);
}

TEST_CASE("http/raw_request: annotations that have no effect are still stripped") {
  for (const std::string line : {"@timeout 20s", "@timeout: soon", "@host: a.com", "@Timeout: 2s",
                                 "@Host:", "@timeout: 0s"}) {
    CAPTURE(line);
    const std::string text = line + "\r\nGET / HTTP/1.1\r\n";
    const auto split = split_annotations(text);
    CHECK(split.rest == "GET / HTTP/1.1\r\n");
    CHECK_FALSE(split.annotations.timeout);
    CHECK_FALSE(split.annotations.host);
  }
  CHECK(split_annotations("@timeout: 2h\nx").annotations.timeout == std::chrono::minutes(5));
}

TEST_CASE("http/raw_request: durations in Go's syntax") {
  struct Row {
    std::string text;
    double milliseconds;
  };
  for (const Row& row : {Row{"20s", 20'000},
                         {"1.5s", 1500},
                         {"1h1m1s", 3'661'000},
                         {"300ms", 300},
                         {"-2s", -2000},
                         {".5s", 500},
                         {"1.s", 1000},
                         {"0", 0},
                         {"2\xc2\xb5s", 0.002}}) {
    CAPTURE(row.text);
    const auto duration = parse_go_duration(row.text);
    REQUIRE(duration.ok());
    CHECK(static_cast<double>(duration->count()) == doctest::Approx(row.milliseconds * 1e6));
  }
  for (const std::string text :
       {"", "20", "s", "1x", "1..5s", "1s2", "-", "1e3s", "99999999999h"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_go_duration(text).ok());
  }
}
