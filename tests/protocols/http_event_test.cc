// What matchers and extractors see of an answer (templates 4), from a server's bytes.

#include "protocols/block_fixture.h"
#include "protocols/http_dump.h"

using namespace m8;

namespace {

/// Value of one expression over the event of the answer \p reply to \p block's request.
std::string field(const std::string& reply, const std::string& expression,
                  const std::string& block = "path: ['{{BaseURL}}']") {
  test::RecordingServer server([&](const std::string&) { return reply; });
  test::BlockFixture fixture(server.url());
  fixture.run("{" + block + ", extractors: [{type: dsl, dsl: ['" + expression + "']}]}");
  std::string out = fixture.extracted();
  if (!out.empty()) out.pop_back();
  return out;
}

constexpr const char* kPlain = "path: ['{{BaseURL}}']";
constexpr const char* kHead = "path: ['{{BaseURL}}'], method: HEAD";
constexpr const char* kOwnEncoding = "path: ['{{BaseURL}}'], headers: {Accept-Encoding: gzip}";

/// "abc" as gzip.
const std::string kGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x4c\x4a\x06\x00\xc2\x41\x24\x35\x03\x00\x00\x00",
    23);

}  // namespace

TEST_CASE("conformance 16.3: the head as matchers see it, table 4.2") {
  struct Row {
    const char* block;
    std::string reply;
    const char *head, *length;
  };
  const Row rows[] = {
      {kPlain,
       "HTTP/1.1 200 OK\r\nserver: x\r\nB-header: 2\r\nContent-Length: 3\r\n"
       "Set-Cookie: a=1; Path=/\r\nSet-Cookie: B=2\r\n\r\nabc",
       "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nB-Header: 2\r\nServer: x\r\n"
       "Set-Cookie: a=1; Path=/\r\nSet-Cookie: B=2\r\n\r\n",
       "3"},
      {kPlain, "HTTP/1.1 404 Not Found\r\nX: y\r\n\r\nabc",
       "HTTP/1.1 404 Not Found\r\nConnection: close\r\nX: y\r\n\r\n", "3"},
      {kPlain, "HTTP/1.1 200 Okidoki\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
       "HTTP/1.1 200 Okidoki\r\nTransfer-Encoding: chunked\r\n\r\n", "3"},
      {kPlain,
       "HTTP/1.1 200 OK\r\nA: b\r\nContent-Encoding: gzip\r\nContent-Length: 23\r\n\r\n" + kGzip,
       "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "3"},
      {kOwnEncoding,
       "HTTP/1.1 200 OK\r\nA: b\r\nContent-Encoding: gzip\r\nContent-Length: 23\r\n\r\n" + kGzip,
       "HTTP/1.1 200 OK\r\nContent-Length: 23\r\nA: b\r\nContent-Encoding: gzip\r\n\r\n", "23"},
      {kHead, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
       "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "99"},
      {kPlain, "HTTP/1.0 200 OK\r\nServer: z\r\n\r\nabc",
       "HTTP/1.0 200 OK\r\nConnection: close\r\nServer: z\r\n\r\n", "3"},
      {kPlain, "HTTP/1.1 299\r\nContent-Length: 1\r\n\r\na",
       "HTTP/1.1 299 299\r\nContent-Length: 1\r\n\r\n", "1"},
      {kPlain, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\nabc",
       "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\n", "50"},
      {kPlain,
       "HTTP/1.1 200 OK\r\nA:  b  \r\na: c\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: b\r\nA: c\r\nConnection: keep-alive\r\n\r\n",
       "0"},
      {kPlain, "HTTP/1.1 200 OK\r\nA b: c\r\nContent-Length: 0\r\n\r\n",
       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0"},
      {kPlain, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
       "HTTP/1.1 304 Not Modified\r\n\r\n", "0"},
      {kPlain, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", "0"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.reply);
    CHECK(field(row.reply, "all_headers", row.block) == row.head);
    CHECK(field(row.reply, "content_length", row.block) == row.length);
  }
}

TEST_CASE("protocols/http_event: headers and cookies are fields") {
  const std::string reply =
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: Tok=\"v\"\r\n"
      "Set-Cookie: x_b=low; Path=/\r\nX-B: high\r\nContent-Length: 3\r\n\r\nabc";
  CHECK(field(reply, "content_type") == "text/html");
  CHECK(field(reply, "x_a") == "1 2");
  CHECK(field(reply, "set_cookie") == "Tok=\"v\" x_b=low; Path=/");
  CHECK(field(reply, "tok") == "v");
  CHECK(field(reply, "x_b") == "high");
  CHECK(field(reply, "x_c").empty());
  CHECK(field(reply, "status_code") == "200");
  CHECK(field(reply, "ip") == "127.0.0.1");
  CHECK(field(reply, "body + header == body + all_headers") == "true");
  CHECK(field(reply, "response == all_headers + body") == "true");
  CHECK(field(reply, "starts_with(request, \"GET / HTTP/1.1\")") == "true");
  CHECK(field(reply, "duration < 5") == "true");
  CHECK(field(reply, "[template-id]") == "demo");
  CHECK(field(reply, "host == BaseURL") == "true");
}

TEST_CASE("protocols/http_event: what the server closes with is no field") {
  CHECK(field("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", "connection").empty());
  CHECK(field("HTTP/1.1 200 OK\r\nConnection: x\r\nContent-Length: 0\r\n\r\n", "connection") ==
        "x");
}

TEST_CASE("protocols/http_event: unsafe answers keep the server's names and hide variables") {
  const std::string block = "unsafe: true, raw: [\"GET / HTTP/1.1\\nHost: a\\n\\n\"]";
  const std::string reply = "HTTP/1.1 200 OK\r\nx-B: 1\r\nServer: z\r\nContent-Length: 0\r\n\r\n";
  CHECK(field(reply, "all_headers", block) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nServer: z\r\nx-B: 1\r\n\r\n");
  CHECK(field(reply, "Hostname", block).empty());
  CHECK_FALSE(field(reply, "Hostname").empty());
}

TEST_CASE("protocols/http_event: canonical names") {
  CHECK(protocols::canonical_name("x-XSS-protection") == "X-Xss-Protection");
  CHECK(protocols::canonical_name("x_under") == "X_under");
  CHECK(protocols::canonical_name("ETAG") == "Etag");
  CHECK(protocols::canonical_name("a b") == "a b");
}

TEST_CASE("protocols/http_event: the curl line quotes what was sent") {
  auto url = net::Url::parse("http://a.com/x?y='z'");
  REQUIRE(url.ok());
  CHECK(protocols::curl_command(
            *url, "POST /x HTTP/1.1\r\nHost: a.com\r\nContent-Length: 3\r\nA: b\r\n\r\nq'r") ==
        "curl -X 'POST' -d 'q'\\''r' -H 'A: b' 'http://a.com/x?y='\\''z'\\'''");
  CHECK(protocols::curl_command(*url, "").starts_with("curl -X ''"));
}
