// Section 16, checks 1 and 2 of the template specification: every row of the tables 2.1, 2.3, 3.2,
// 3.3 and 3.4 as a server sees it. What needs another host than the server's (ports 80 and 443,
// https, names of the public suffix list) is in target_names_test.cc and http_url_test.cc.

#include "protocols/block_fixture.h"

using namespace m8;
using namespace m8::test;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// \p text as a double-quoted YAML scalar.
std::string quoted(const std::string& text) {
  return '"' + replaced(replaced(replaced(text, "\\", "\\\\"), "\"", "\\\""), "\n", "\\n") + '"';
}

/// What arrives at the server for \p block on the target path \p path; PORT in both directions.
class Wire {
 public:
  Wire() : server_([](const std::string&) { return ok_reply("x"); }) {}

  std::vector<std::string> send(const std::string& block, const std::string& path,
                                const dsl::Variables& variables = {}) {
    const std::size_t before = server_.requests().size();
    BlockFixture fixture("http://127.0.0.1:" + server_.port() + path);
    fixture.overrides = variables;
    fixture.run(replaced(block, "PORT", server_.port()));
    auto requests = server_.requests();
    requests.erase(requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(before));
    for (std::string& request : requests) request = replaced(request, server_.port(), "PORT");
    return requests;
  }
  /// The request target of the one request; "(nothing)" if none came.
  std::string target(const std::string& block, const std::string& path) {
    const auto requests = send(block, path);
    if (requests.size() != 1) return "(nothing)";
    const std::string line = requests[0].substr(0, requests[0].find("\r\n"));
    return line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
  }

 private:
  RecordingServer server_;
};

std::string header_of(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "(none)";
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("conformance 16.1: built-ins of a target, table 2.1") {
  struct Row {
    const char *path, *expected;  // BaseURL RootURL Hostname Host Port Path File Query
  };
  const Row rows[] = {
      {"", "http://@;http://@;@;127.0.0.1;PORT;;;"},
      {"/", "http://@/;http://@;@;127.0.0.1;PORT;/;/;"},
      {"/base", "http://@/base;http://@;@;127.0.0.1;PORT;/;base;"},
      {"/base/", "http://@/base/;http://@;@;127.0.0.1;PORT;/base;base;"},
      {"/base/x.php?a=1&b=2", "http://@/base/x.php;http://@;@;127.0.0.1;PORT;/base;x.php;?a=1&b=2"},
      {"?q=1", "http://@;http://@;@;127.0.0.1;PORT;;;?q=1"},
      {"/base?q=1", "http://@/base;http://@;@;127.0.0.1;PORT;/;base;?q=1"},
      {"/a/b/", "http://@/a/b/;http://@;@;127.0.0.1;PORT;/a/b;b;"},
      {"/%7Bx%7D/y%20z/", "http://@/{x}/y z/;http://@;@;127.0.0.1;PORT;/%7Bx%7D/y%20z;y%20z;"},
      {"//dbl//x", "http://@//dbl//x;http://@;@;127.0.0.1;PORT;/dbl;x;"},
      {"/x/y/z.html?u=v#f", "http://@/x/y/z.html#f;http://@;@;127.0.0.1;PORT;/x/y;z.html;?u=v"},
  };
  Wire wire;
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const auto sent = wire.send(
        "raw: [\"GET /z HTTP/1.1\\nHost: {{Hostname}}\\nX: {{BaseURL}};{{RootURL}};{{Hostname}};"
        "{{Host}};{{Port}};{{Path}};{{File}};{{Query}}\\n\\n\"]",
        row.path);
    REQUIRE(sent.size() == 1);
    CHECK(header_of(sent[0], "X") == replaced(row.expected, "@", "127.0.0.1:PORT"));
  }
}

TEST_CASE("conformance 16.1: worked examples of rendering, table 2.3") {
  dsl::Variables names;
  names.set("user", "bob");
  names.set("n", 5.0);
  names.set("x-y", "q");
  names.set("evil", "{{user}}");
  const std::pair<const char*, const char*> rows[] = {
      {"{{user}}", "bob"},
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
      {"{\"k\":{\"u\":\"{{user}}\"}}", "{\"k\":{\"u\":\"bob\"}}"},
      {"{{base64('{{a}}:' + '{{b}}')}}", "e3thfX06e3tifX0="},
  };
  Wire wire;
  for (const auto& row : rows) {
    const auto& [text, expected] = row;
    CAPTURE(std::string(row.first));
    const auto sent = wire.send(
        "{skip-variables-check: true, path: ['{{BaseURL}}/'], headers: {X: " + quoted(text) + "}}",
        "", names);
    REQUIRE(sent.size() == 1);
    CHECK(header_of(sent[0], "X") == expected);
  }
  // A known name inside an unknown one makes an expression of it, which fails.
  const std::string block =
      "{skip-variables-check: true, path: ['{{BaseURL}}/'], headers: {X: '{{nosuch}}'}}";
  CHECK(header_of(wire.send(block, "").at(0), "X") == "{{nosuch}}");
  CHECK(wire.send(block, "", names).empty());
}

TEST_CASE("conformance 16.1: path entries, table 3.2") {
  struct Row {
    const char *path, *entry, *expected;
  };
  const char* kFull = "/base/x.php?a=1&b=2";
  const Row rows[] = {
      {"", "{{BaseURL}}", "/"},
      {"", "{{BaseURL}}/", "/"},
      {"", "{{RootURL}}", "/"},
      {"", "{{BaseURL}}/x", "/x"},
      {"", "{{BaseURL}}//x", "//x"},
      {"", "{{BaseURL}}?p=1", "/?p=1"},
      {"", "http://{{Hostname}}/x", "/x"},
      {"", "{{BaseURL}}:PORT/x", "/x"},
      {"", "{{BaseURL}}/x?p=&q", "/x?p&q"},
      {"", "{{BaseURL}}/x?p&&q", "/x?p&&q"},
      {"", "{{BaseURL}}/?x=1?y=2", "/?x=1?y=2"},
      {"", "{{BaseURL}}/a b?c=d e", "/a%20b?c=d+e"},
      {"", "{{BaseURL}}/é?k=é", "/%C3%A9?k=%c3%a9"},
      {"", "{{BaseURL}}/x?p='\"<>", "/x?p='\"<>"},
      {"", "{{BaseURL}}/x?p=%0a%0d", "/x?p=%0a%0d"},
      {"", "{{BaseURL}}/x?p=a;b", "/x?p=a;b"},
      {"", "{{BaseURL}}/x%", "/x%25"},
      {"", "{{BaseURL}}/{x}|y", "/%7Bx%7D%7Cy"},
      {"", "{{BaseURL}}/\\..\\x", "/%5C..%5Cx"},
      {"", "{{BaseURL}}/[x]^y`z", "/%5Bx%5D%5Ey%60z"},
      {"", "{{BaseURL}}/a%2fb", "/a%2fb"},
      {"", "{{BaseURL}}/a%2Fb%20c", "/a%2Fb%20c"},
      {"", "{{BaseURL}}/%2e%2e/y", "/%2e%2e/y"},
      {"", "{{BaseURL}}/..;/y", "/..;/y"},
      {"", "{{BaseURL}}/x/../y", "/x/../y"},
      {"", "{{BaseURL}}/x#frag", "/x"},
      {"", "{{BaseURL}}/x?u=http://e.com/#z", "/x?u=http://e.com/"},
      {"", "{{BaseURL}}/?a=1&a=2&b=3&a=4", "/?a=1&a=2&a=4&b=3"},
      {"", "{{BaseURL}}/a'b{c}", "/a%27b%7Bc%7D"},
      {"", "{{BaseURL}}/x?", "/x"},
      {"", "/x", "(nothing)"},
      {"/base", "{{BaseURL}}", "/base"},
      {"/base", "{{BaseURL}}/", "/base/"},
      {"/base", "{{BaseURL}}/x", "/base/x"},
      {"/base", "{{BaseURL}}x", "/basex"},
      {"/base", "{{BaseURL}}//x", "/base//x"},
      {"/base", "{{BaseURL}}?p=1", "/base?p=1"},
      {"/base", "{{RootURL}}/x", "/x"},
      {"/base", "{{BaseURL}}:PORT/x", "/base/x"},
      {"/base/", "{{BaseURL}}", "/base/"},
      {"/base/", "{{BaseURL}}/", "/base/"},
      {"/base/", "{{BaseURL}}/x", "/base/x"},
      {"/base/", "{{BaseURL}}//x", "/base//x"},
      {"/base/", "{{BaseURL}}x", "/base/x"},
      {"/base/", "{{BaseURL}}?p=1", "/base/?p=1"},
      {kFull, "{{BaseURL}}", "/base/x.php?a=1&b=2"},
      {kFull, "{{BaseURL}}/", "/base/x.php/?a=1&b=2"},
      {kFull, "{{BaseURL}}/x?p=1", "/base/x.php/x?a=1&b=2&p=1"},
      {kFull, "{{BaseURL}}/x?a=9", "/base/x.php/x?a=1&a=9&b=2"},
      {kFull, "{{RootURL}}/x", "/x?a=1&b=2"},
      {kFull, "http://127.0.0.1:PORT/p", "/p?a=1&b=2"},
  };
  Wire wire;
  for (const Row& row : rows) {
    CAPTURE(row.path);
    CAPTURE(row.entry);
    CHECK(wire.target("path: [" + quoted(row.entry) + "]", row.path) == row.expected);
  }
}

TEST_CASE("conformance 16.1: raw targets, table 3.3") {
  struct Row {
    const char *path, *target, *expected, *without_automerge;
  };
  const Row rows[] = {
      {"", "/", "/", "/"},
      {"", "", "/", "/"},
      {"/", "/", "/", "/"},
      {"", "x", "/x", "/x"},
      {"", "//x", "//x", "//x"},
      {"", "?p=1", "/?p=1", "/?p=1"},
      {"", "@other", "/@other", "/@other"},
      {"/", "//x", "/x", "//x"},
      {"/base", "/", "/base", "/"},
      {"/base", "", "/base", "/"},
      {"/base", "?p=1", "/base?p=1", "/?p=1"},
      {"/base", "/x", "/base/x", "/x"},
      {"/base", "x", "/base/x", "/x"},
      {"/base", "//x", "/base//x", "//x"},
      {"/base", "/base/y", "/base/y", "/base/y"},
      {"/base", "{{BaseURL}}/x", "/base/x", "/base/x"},
      {"/base", "http://other.com/y?z=1", "/base/y?z=1", "/y?z=1"},
      {"/base", "/../x", "/base/../x", "/../x"},
      {"/base", "/?p", "/base/?p", "/?p"},
      {"/base", "/x%", "/base/x%25", "/x%25"},
      {"/base", "/é", "/base/%C3%A9", "/%C3%A9"},
      {"/base", "/x#f", "/base/x", "/x"},
      {"/base/", "/", "/base/", "/"},
      {"/base/", "/x", "/base/x", "/x"},
      {"/base/", "//x", "/base/x", "//x"},
      {"/base/", "x", "/base/x", "/x"},
      {"/base/", "/base/y", "/base/base/y", "/base/y"},
      {"/base/", "{{BaseURL}}/x", "/base/base//x", "/base//x"},
      // The reference sends the target's parameters twice; once here, as recommended.
      {"/base/x.php?a=1&b=2", "/x?p=1", "/base/x.php/x?a=1&b=2&p=1", "/x?a=1&b=2&p=1"},
  };
  Wire wire;
  for (const Row& row : rows) {
    CAPTURE(row.path);
    CAPTURE(row.target);
    const std::string target = row.target;
    const std::string line = "GET " + target + (target.empty() ? "" : " ") + "HTTP/1.1";
    const std::string raw = "raw: [" + quoted(line + "\nHost: {{Hostname}}\n\n") + "]";
    CHECK(wire.target(raw, row.path) == row.expected);
    CHECK(wire.target("{disable-path-automerge: true, " + raw + "}", row.path) ==
          row.without_automerge);
  }
}

TEST_CASE("conformance 16.1: unsafe request lines, table 3.4") {
  struct Row {
    const char *path, *line, *expected, *without_automerge;
  };
  const Row rows[] = {
      {"", "GET / HTTP/1.1", "GET / HTTP/1.1", "GET / HTTP/1.1"},
      {"", "GET /x HTTP/1.1", "GET /x HTTP/1.1", "GET /x HTTP/1.1"},
      {"", "GET x HTTP/1.1", "GET x HTTP/1.1", "GET x HTTP/1.1"},
      {"", "GET ?p=1 HTTP/1.1", "GET ?p=1 HTTP/1.1", "GET ?p=1 HTTP/1.1"},
      {"", "GET //x HTTP/1.1", "GET //x HTTP/1.1", "GET //x HTTP/1.1"},
      {"/", "GET / HTTP/1.1", "GET / HTTP/1.1", "GET  HTTP/1.1"},
      {"/", "GET //x HTTP/1.1", "GET /x HTTP/1.1", "GET //x HTTP/1.1"},
      {"/", "GET ?p=1 HTTP/1.1", "GET ?p=1 HTTP/1.1", "GET ?p=1 HTTP/1.1"},
      {"/", "GET x HTTP/1.1", "GET x HTTP/1.1", "GET x HTTP/1.1"},
      {"/base", "GET / HTTP/1.1", "GET /base HTTP/1.1", "GET  HTTP/1.1"},
      {"/base", "GET /x HTTP/1.1", "GET /base/x HTTP/1.1", "GET /x HTTP/1.1"},
      {"/base", "GET x HTTP/1.1", "GET /base/x HTTP/1.1", "GET /x HTTP/1.1"},
      {"/base", "GET /?p HTTP/1.1", "GET /base/?p= HTTP/1.1", "GET /?p= HTTP/1.1"},
      {"/base/", "GET //x HTTP/1.1", "GET /base/x HTTP/1.1", "GET //x HTTP/1.1"},
      {"/base/", "GET /base/y HTTP/1.1", "GET /base/base/y HTTP/1.1", "GET /base/y HTTP/1.1"},
      {"/base/", "GET /x%#f HTTP/1.1", "GET /base/x%#f HTTP/1.1", "GET /x%#f HTTP/1.1"},
      {"/base/x.php?a=1", "GET /x?p=&q=1 HTTP/1.1", "GET /base/x.php/x?a=1&p=&q=1 HTTP/1.1",
       "GET /x?a=1&p=&q=1 HTTP/1.1"},
      {"/base/x.php?a=1", "GET HTTP/1.1", "GET HTTP/1.1", "GET HTTP/1.1"},
  };
  Wire wire;
  for (const Row& row : rows) {
    CAPTURE(row.path);
    CAPTURE(row.line);
    const std::string raw =
        "unsafe: true, raw: [" + quoted(std::string(row.line) + "\nHost: {{Hostname}}\n\n") + "]";
    const std::string end = "\r\nHost: 127.0.0.1:PORT\r\n\r\n";
    CHECK(wire.send("{" + raw + "}", row.path) == std::vector<std::string>{row.expected + end});
    CHECK(wire.send("{disable-path-automerge: true, " + raw + "}", row.path) ==
          std::vector<std::string>{row.without_automerge + end});
  }
}

TEST_CASE("conformance 16.2: an unsafe text ends as its author ended it, |+ or |") {
  // Without the final blank line the server waits for more: the request never becomes one.
  const std::string kept =
      "unsafe: true\nraw:\n  - |+\n    GET /a HTTP/1.1\n    Host: {{Hostname}}\n\n";
  Wire wire;
  CHECK(wire.send(kept, "") ==
        std::vector<std::string>{"GET /a HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n"});

  std::string got;
  LoopbackServer server([&](Peer& peer) {
    got = peer.read_bytes(("GET /a HTTP/1.1\r\nHost: " + server.url("").substr(7) + "\r\n").size());
    peer.answer("done");
  });
  BlockFixture fixture(server.url());
  fixture.run(
      "unsafe: true\nraw:\n  - |\n    GET /a HTTP/1.1\n    Host: {{Hostname}}\n"
      "matchers:\n  - type: word\n    words: [done]\n");
  CHECK(fixture.findings().size() == 1);
  CHECK(got == "GET /a HTTP/1.1\r\nHost: " + server.url("").substr(7) + "\r\n");
}
