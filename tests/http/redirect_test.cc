#include "http/redirect.h"

#include <doctest/doctest.h>

#include "http/cookie_jar.h"
#include "loopback_server.h"
#include "session_fixture.h"

using namespace m8;
using namespace m8::http;
using namespace m8::test;

namespace {

Response redirect_to(int status, const std::string& location) {
  Response response;
  response.status = status;
  if (!location.empty()) response.headers.push_back({"Location", location});
  return response;
}

std::string header_of(const Request& request, const std::string& name) {
  const Header* header = find_header(request.headers, name);
  return header ? header->value : "-";
}

/// Answers /N with a redirect to /N+1.
void count_up(Peer& peer) {
  for (;;) {
    const std::string request = peer.read_request();
    if (request.empty()) return;
    const int number = std::stoi(request.substr(request.find('/') + 1));
    peer.write("HTTP/1.1 302 Found\r\nLocation: /" + std::to_string(number + 1) +
               "\r\nContent-Length: 4\r\n\r\nbody");
  }
}

}  // namespace

TEST_CASE("http/redirect: which answers are followed") {
  using Rule = Request::Redirects;
  struct Row {
    std::string from, location;
    Rule rule;
    std::string to;
    int status = 302;
  };
  const Row rows[] = {
      {"http://a.com/x/y", "/z", Rule::kAll, "http://a.com/z"},
      {"http://a.com/x/y", "z?q", Rule::kAll, "http://a.com/x/z?q"},
      {"http://a.com/", "https://b.com/z", Rule::kAll, "https://b.com/z"},
      {"http://a.com/", "//b.com/z", Rule::kAll, "http://b.com/z"},
      {"http://a.com/", "/z", Rule::kNone, ""},
      {"http://a.com/", "", Rule::kAll, ""},
      {"http://a.com/", "/z", Rule::kAll, "", 300},
      {"http://a.com/", "/z", Rule::kAll, "", 304},
      {"http://a.com/", "/z", Rule::kAll, "http://a.com/z", 308},
      {"http://a.com/", "http://a.com:80/z", Rule::kSameHost, "http://a.com:80/z"},
      {"http://a.com/", "http://a.com:81/z", Rule::kSameHost, ""},
      {"http://a.com/", "https://a.com/z", Rule::kSameHost, ""},
      {"http://a.com:81/", "/z", Rule::kSameHost, "http://a.com:81/z"},
      {"http://a.com/", "http://www.a.com/z", Rule::kSameHost, ""},
      {"http://a.com/", "http://b.com/z", Rule::kSameScheme, "http://b.com/z"},
      {"http://a.com/", "https://a.com/z", Rule::kSameScheme, ""},
      {"http://a.com/", "ftp://a.com/z", Rule::kAll, ""},
      {"http://a.com/", "javascript:alert(1)", Rule::kAll, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.from);
    CAPTURE(row.location);
    Request request = request_for(row.from);
    request.redirects = row.rule;
    const auto next = next_hop(request, request, redirect_to(row.status, row.location));
    if (!next.ok()) {
      CHECK(row.to.empty());
      CHECK(next.error().code == ErrorCode::kProtocol);
      continue;
    }
    REQUIRE(next->has_value() == !row.to.empty());
    if (next->has_value()) CHECK((*next)->url.to_string() == row.to);
  }
}

TEST_CASE("http/redirect: a location that can't be parsed is an error") {
  Request request = request_for("http://a.com/");
  request.redirects = Request::Redirects::kAll;
  const auto next = next_hop(request, request, redirect_to(302, "http://a.com:99999/"));
  REQUIRE_FALSE(next.ok());
  CHECK(next.error().code == ErrorCode::kProtocol);
}

TEST_CASE("http/redirect: locations that Go does not read") {
  for (const char* bad : {".http://interact.sh/x", ":80/x", "1a:b", "/x%zz", "/x%", "http://a/%2",
                          "/x#%g0", "a b:c", "//h/%"}) {
    CAPTURE(bad);
    CHECK(has_unreadable_location(redirect_to(302, bad)));
    CHECK_FALSE(has_unreadable_location(redirect_to(200, bad)));
  }
  for (const char* good : {"/x", "", "?a=%zz", "/x?y=:%", "http://a/b:c", "javascript:alert(1)%",
                           "a+b.c-1:x", "/a:b", "x/y:z", "//h:1/x", "/\xc3\x84", "/a b", "#x%20"}) {
    CAPTURE(good);
    CHECK_FALSE(has_unreadable_location(redirect_to(302, good)));
  }
}

TEST_CASE("http/redirect: whether followed or not, a location that is none is an error if asked") {
  LoopbackServer server([](Peer& peer) {
    while (!peer.read_request().empty())
      peer.write("HTTP/1.1 302 Found\r\nLocation: .a://b\r\nContent-Length: 0\r\n\r\n");
  });
  SessionFixture http;
  Request request = request_for(server.url());
  CHECK(http.fetch(request).ok());
  request.strict_location = true;
  const auto strict = http.fetch(request);
  REQUIRE_FALSE(strict.ok());
  CHECK(strict.error().code == ErrorCode::kProtocol);
}

TEST_CASE("http/redirect: methods and bodies") {
  struct Row {
    int status;
    std::string method, then;
    bool body;
  };
  for (const Row& row : {Row{301, "POST", "GET", false},
                         {302, "PUT", "GET", false},
                         {303, "HEAD", "HEAD", false},
                         {307, "POST", "POST", true},
                         {308, "DELETE", "DELETE", true}}) {
    CAPTURE(row.status);
    Request request = request_for("http://a.com/");
    request.redirects = Request::Redirects::kAll;
    request.method = row.method;
    request.body = "abc";
    request.headers.push_back({"Content-Length", "3"});
    const auto next = next_hop(request, request, redirect_to(row.status, "/z"));
    REQUIRE(next.ok());
    REQUIRE(next->has_value());
    CHECK((*next)->method == row.then);
    CHECK((*next)->body == (row.body ? "abc" : ""));
    CHECK(header_of(**next, "content-length") == (row.body ? "3" : "-"));
  }
}

TEST_CASE("http/redirect: headers that stay, go, and come") {
  struct Row {
    std::string from, location, host, cookie, referer;
  };
  for (const Row& row :
       {Row{"http://u:p@a.com/x", "/z", "custom", "c=1", "http://a.com/x"},
        {"http://a.com/x", "http://a.com/z", "a.com", "c=1", "http://a.com/x"},
        {"http://a.com/x", "http://sub.a.com/z", "sub.a.com", "c=1", "http://a.com/x"},
        {"http://a.com/x", "https://b.com:443/z", "b.com", "-", "http://a.com/x"},
        {"https://a.com/x", "http://a.com:8080/z", "a.com:8080", "c=1", "-"}}) {
    CAPTURE(row.location);
    Request request = request_for(row.from);
    request.headers = {{"Host", "custom"}, {"Cookie", "c=1"}, {"X-Own", "1"}};
    request.redirects = Request::Redirects::kAll;
    const auto next = next_hop(request, request, redirect_to(302, row.location));
    REQUIRE(next.ok());
    REQUIRE(next->has_value());
    CHECK(header_of(**next, "host") == row.host);
    CHECK(header_of(**next, "cookie") == row.cookie);
    CHECK(header_of(**next, "referer") == row.referer);
    CHECK(header_of(**next, "x-own") == "1");
  }
}

TEST_CASE("http/redirect: the engine follows up to the limit and keeps every hop") {
  LoopbackServer server(count_up);
  for (const int limit : {0, 1, 3}) {
    CAPTURE(limit);
    SessionFixture fixture;
    Request request = request_for(server.url("/1"));
    request.redirects = Request::Redirects::kAll;
    request.max_redirects = limit;
    const auto exchange = fixture.fetch(request);
    REQUIRE(exchange.ok());
    REQUIRE(exchange->hops.size() == static_cast<std::size_t>(limit) + 1);
    CHECK(exchange->sent.starts_with("GET /1 HTTP/1.1\r\n"));
    CHECK(exchange->final().url.path == "/" + std::to_string(limit + 1));
    CHECK(exchange->final().body == "body");
    for (int i = 0; i < limit; ++i) {
      const Response& hop = exchange->hops[static_cast<std::size_t>(i)];
      CHECK(hop.status == 302);
      CHECK(hop.body.empty());
      CHECK(hop.url.path == "/" + std::to_string(i + 1));
      CHECK(hop.duration <= exchange->final().duration);
    }
  }
}

TEST_CASE("http/redirect: the chain ends where the scope does") {
  LoopbackServer server([](Peer& peer) {
    while (!peer.read_request().empty())
      peer.write("HTTP/1.1 301 Moved\r\nLocation: http://b.test/\r\nContent-Length: 4\r\n\r\nstay");
  });
  SessionFixture fixture;
  REQUIRE(fixture.scope.exclude("b.test").ok());
  Request request = request_for(server.url());
  request.redirects = Request::Redirects::kAll;
  const auto exchange = fixture.fetch(request);
  REQUIRE(exchange.ok());
  CHECK(exchange->hops.size() == 1);
  CHECK(exchange->final().body == "stay");
  CHECK(fixture.session->stats().refused_by_scope == 1);
  CHECK(fixture.lookup.asked == 0);
}

TEST_CASE("http/redirect: a hop that fails fails the request") {
  LoopbackServer server([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 302 Found\r\nLocation: http://none.test/\r\nContent-Length: 0\r\n\r\n");
    peer.wait_for_end();
  });
  SessionFixture fixture;
  Request request = request_for(server.url());
  request.redirects = Request::Redirects::kAll;
  const auto exchange = fixture.fetch(request);
  REQUIRE_FALSE(exchange.ok());
  CHECK(exchange.error().code == ErrorCode::kNotFound);
}

TEST_CASE("http/redirect: cookies set on the way are sent on the way") {
  Guarded<std::string> second;
  LoopbackServer server([&](Peer& peer) {
    peer.read_request();
    peer.write(
        "HTTP/1.1 302 Found\r\nLocation: /in\r\nSet-Cookie: s=1; Path=/\r\n"
        "Set-Cookie: a=new\r\nContent-Length: 0\r\n\r\n");
    *second.lock() = peer.read_request();
    peer.answer("x", "Set-Cookie: last=1\r\n");
    peer.wait_for_end();
  });
  SessionFixture fixture;
  Request request = request_for(server.url("/login"));
  request.headers.push_back({"Cookie", "a=old; own=1"});
  request.redirects = Request::Redirects::kAll;
  request.cookies = std::make_shared<CookieJar>(SystemClock::instance());
  REQUIRE(fixture.fetch(request).ok());
  CHECK(second.lock()->find("Cookie: a=new; own=1; s=1\r\n") != std::string::npos);
  CHECK(request.cookies->size() == 3);
}
