// What goes on the wire (templates 3.2-3.6, 3.9), seen by a server.

#include "protocols/block_fixture.h"
#include "protocols/http_request.h"

using namespace m8;

namespace {

std::string with_port(std::string text, const std::string& port) {
  for (auto at = text.find("PORT"); at != std::string::npos; at = text.find("PORT")) {
    text.replace(at, 4, port);
  }
  return text;
}

/// The bytes that a block's requests arrive as, target path \p path.
std::vector<std::string> sent_by(const std::string& block, const std::string& path = "") {
  test::RecordingServer server([](const std::string&) { return test::ok_reply("x"); });
  test::BlockFixture fixture(server.url(path));
  fixture.run(with_port(block, server.port()));
  std::vector<std::string> out = server.requests();
  for (std::string& request : out) {
    for (auto at = request.find(server.port()); at != std::string::npos;
         at = request.find(server.port())) {
      request.replace(at, server.port().size(), "PORT");
    }
  }
  return out;
}

}  // namespace

TEST_CASE("protocols/http_wire: bytes of safe requests") {
  struct Row {
    const char *block, *expected;
  };
  const Row rows[] = {
      {"{path: ['{{BaseURL}}/x'], headers: {User-Agent: t}}",
       "GET /x HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: t\r\nAccept: */*\r\n"
       "Accept-Language: en\r\nAccept-Encoding: gzip\r\n\r\n"},
      // A wrong Content-Length is corrected, the final line feed of a YAML text is dropped.
      {"raw: [\"POST /y HTTP/1.1\\nHost: {{Hostname}}\\nUser-Agent: t\\nContent-Length: 999\\n\\n"
       "a=1\\n\"]",
       "POST /y HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: t\r\nContent-Length: 3\r\n"
       "Accept-Encoding: gzip\r\n\r\na=1"},
      // Names in another case are other headers; sorted by their bytes.
      {"raw: [\"GET / HTTP/1.1\\nhost: fake\\nuser-agent: u\\nUser-Agent: t\\nX-B: 2\\nX-A: 1\\n\\n"
       "\"]",
       "GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: t\r\nX-A: 1\r\nX-B: 2\r\n"
       "host: fake\r\nuser-agent: u\r\nAccept-Encoding: gzip\r\n\r\n"},
      {"raw: [\"GET / HTTP/1.1\\nHost: h.test:80\\nUser-Agent: t\\nConnection: close\\n\\n\"]",
       "GET / HTTP/1.1\r\nHost: h.test\r\nUser-Agent: t\r\nConnection: close\r\n"
       "Accept-Encoding: gzip\r\n\r\n"},
      {"{method: POST, path: ['{{BaseURL}}'], headers: {User-Agent: t, Accept: a, Accept-Language:"
       " b, Accept-Encoding: br}}",
       "POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: t\r\nContent-Length: 0\r\n"
       "Accept: a\r\nAccept-Encoding: br\r\nAccept-Language: b\r\n\r\n"},
      {"{raw: [\"PUT /p HTTP/1.1\\nHost: a\\nUser-Agent: t\\nRange: bytes=0-1\\n"
       "Transfer-Encoding: chunked\\n\\nraw\"], body: 'mine', headers: {X-Y: "
       "'{{to_upper(\"v\")}}'}}",
       "PUT /p HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nContent-Length: 4\r\nRange: bytes=0-1\r\n"
       "X-Y: V\r\n\r\nmine"},
      {"{path: ['{{BaseURL}}'], method: head, headers: {User-Agent: t}}",
       "HEAD / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: t\r\nAccept: */*\r\n"
       "Accept-Language: en\r\n\r\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.block);
    const auto sent = sent_by(row.block);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0] == row.expected);
  }
}

TEST_CASE("protocols/http_wire: unsafe bytes are the author's") {
  const auto sent = sent_by(
      "{unsafe: true, raw: [\"@timeout: 5s\\nGET /x%zz HTTP/1.1\\nhost : {{Hostname}}\\nA: 1\\n"
      "A: 2\\n\\n\"]}",
      "/base");
  REQUIRE(sent.size() == 1);
  CHECK(sent[0] == "GET /base/x%zz HTTP/1.1\r\nhost : 127.0.0.1:PORT\r\nA: 1\r\nA: 2\r\n\r\n");
}

TEST_CASE("protocols/http_wire: an authored Connection in a closing block is preceded by close") {
  const auto sent = sent_by(
      "raw: [\"GET /1 HTTP/1.1\\nHost: a\\nUser-Agent: t\\nConnection: close\\n\\n\","
      " \"GET /2 HTTP/1.1\\nHost: a\\nUser-Agent: t\\nConnection: keep-alive\\n\\n\"]");
  REQUIRE(sent.size() == 2);
  CHECK(sent[1] ==
        "GET /2 HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n"
        "Connection: keep-alive\r\nAccept-Encoding: gzip\r\n\r\n");
}

TEST_CASE("protocols/http_wire: -H replaces the header of the same name, Host too") {
  test::RecordingServer server([](const std::string&) { return test::ok_reply("x"); });
  test::BlockFixture fixture(server.url());
  fixture.settings.headers = {{"User-Agent", "mine"}, {"X-A", "b"}, {"Host", "other.test"}};
  fixture.run("{path: ['{{BaseURL}}'], headers: {X-A: a}}");
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0] ==
        "GET / HTTP/1.1\r\nHost: other.test\r\nUser-Agent: mine\r\nAccept: */*\r\n"
        "Accept-Language: en\r\nX-A: b\r\nAccept-Encoding: gzip\r\n\r\n");
}

TEST_CASE("protocols/http_wire: the base path of the target is joined") {
  CHECK(sent_by("path: ['{{BaseURL}}/x']", "/base/")[0].starts_with("GET /base/x HTTP/1.1"));
  CHECK(sent_by("path: ['{{BaseURL}}x']", "/base")[0].starts_with("GET /basex HTTP/1.1"));
  CHECK(sent_by("path: ['{{RootURL}}/x?p=1']", "/base?a=1")[0].starts_with("GET /x?a=1&p=1 "));
  CHECK(sent_by("path: ['{{BaseURL}}:PORT/x']", "/b")[0].starts_with("GET /b/x HTTP/1.1"));
  const char* raw = "raw: [\"GET /x HTTP/1.1\\nHost: a\\n\\n\"]";
  CHECK(sent_by(raw, "/base")[0].starts_with("GET /base/x HTTP/1.1"));
  const std::string alone = std::string("{disable-path-automerge: true, ") + raw + "}";
  CHECK(sent_by(alone, "/base")[0].starts_with("GET /x HTTP/1.1"));
}

TEST_CASE("protocols/http_wire: a user in the target becomes credentials") {
  test::RecordingServer server([](const std::string&) { return test::ok_reply("x"); });
  test::BlockFixture fixture("http://u:p@127.0.0.1:" + server.port());
  fixture.run("path: ['{{BaseURL}}']");
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].find("Authorization: Basic dTpw\r\n") != std::string::npos);
}

TEST_CASE("protocols/http_wire: cookies are kept and appended to the author's") {
  test::RecordingServer server(
      [](const std::string&) { return test::ok_reply("x", "Set-Cookie: s=1; Path=/\r\n"); });
  test::BlockFixture fixture(server.url());
  fixture.run(
      "raw: [\"GET /1 HTTP/1.1\\nHost: a\\n\\n\","
      " \"GET /2 HTTP/1.1\\nHost: {{Hostname}}\\nCookie: a=b\\n\\n\"]");
  fixture.run("path: ['{{BaseURL}}/3']");
  const auto sent = server.requests();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].find("Cookie") == std::string::npos);
  CHECK(sent[1].find("Cookie: a=b; s=1\r\n") != std::string::npos);
  CHECK(sent[2].find("Cookie: s=1\r\n") != std::string::npos);
}

TEST_CASE("protocols/http_wire: @Host connects elsewhere and leaves the Host line alone") {
  test::RecordingServer other([](const std::string&) { return test::ok_reply("other"); });
  test::BlockFixture fixture("http://127.0.0.1:" + other.port());
  fixture.run(
      "{raw: [\"@Host: 127.0.0.1\\nGET /1 HTTP/1.1\\nHost: kept.test\\n\\n\"],"
      " matchers: [{type: word, words: [other]}]}");
  REQUIRE(other.requests().size() == 1);
  CHECK(other.requests()[0].find("Host: kept.test\r\n") != std::string::npos);
  CHECK(fixture.findings().size() == 1);
}

TEST_CASE("protocols/http_wire: a port of @Host wins, and the finding is where it was found") {
  test::RecordingServer other([](const std::string&) { return test::ok_reply("other"); });
  test::BlockFixture fixture("http://127.0.0.2:1");
  fixture.run("{raw: [\"@Host: http://127.0.0.1:" + other.port() +
              "\\nGET /1 HTTP/1.1\\nHost: {{Hostname}}\\n\\n\"],"
              " matchers: [{type: word, words: [other]}]}");
  REQUIRE(other.requests().size() == 1);
  CHECK(other.requests()[0].find("Host: 127.0.0.2:1\r\n") != std::string::npos);
  REQUIRE(fixture.findings().size() == 1);
  CHECK(fixture.findings()[0].matched_at == "http://127.0.0.1:" + other.port() + "/1");
}

TEST_CASE("protocols/http_wire: what no header can hold is not sent") {
  test::RecordingServer server([](const std::string&) { return test::ok_reply("x"); });
  test::BlockFixture fixture(server.url());
  const auto outcome = fixture.run("{path: ['{{BaseURL}}'], headers: {'A B': c}}");
  CHECK(outcome.status.error().code == ErrorCode::kInvalidArgument);
  CHECK(server.requests().empty());
}

TEST_CASE("protocols/http_wire: the Host line") {
  CHECK(protocols::host_line("a.com:80", "http", false) == "a.com");
  CHECK(protocols::host_line("a.com:443", "https", false) == "a.com");
  CHECK(protocols::host_line("a.com:443", "http", false) == "a.com:443");
  CHECK(protocols::host_line("a.com:80", "http", true) == "a.com:80");
  CHECK(protocols::host_line("a.com/x y", "http", false) == "a.com");
  CHECK(protocols::host_line("a\xff", "http", false).empty());
  CHECK(protocols::host_line("[::1]:8080", "http", false) == "[::1]:8080");
}

TEST_CASE("protocols/http_wire: user agents differ from request to request") {
  dsl::Services services;
  std::set<std::string_view> seen;
  for (int i = 0; i < 500; ++i) seen.insert(protocols::random_user_agent(services));
  CHECK(seen.size() > 3);
}
