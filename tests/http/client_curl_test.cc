#include "http/client_curl.h"

#include <latch>

#include <doctest/doctest.h>

#include "loopback_server.h"
#include "session_fixture.h"

using namespace m8;
using namespace m8::http;
using namespace m8::test;
using namespace std::chrono_literals;

TEST_CASE("http/client_curl: a service gets what it needs and answers") {
  Guarded<std::string> seen;
  LoopbackServer server([&](Peer& peer) {
    *seen.lock() = peer.read_request();
    peer.write("HTTP/1.1 201 Made it\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok");
    peer.wait_for_end();
  });
  SessionFixture fixture;
  Request request = request_for(server.url("/x?y=z"));
  request.method = "POST";
  request.headers = {{"X-Key", "k"}, {"X-Empty", ""}};
  request.body = "{}";
  const auto response = fixture.session->call(request, {});
  REQUIRE(response.ok());
  CHECK(response->status == 201);
  CHECK(response->reason == "Made it");
  CHECK(response->body == "ok");
  CHECK(response->content_length == 2);
  CHECK(response->ip.to_string() == "127.0.0.1");
  REQUIRE(find_header(response->headers, "x-a") != nullptr);
  const std::string sent = *seen.lock();
  CHECK(sent.starts_with("POST /x?y=z HTTP/1.1\r\nHost: 127.0.0.1:"));
  CHECK(sent.ends_with("\r\n\r\n{}"));
  for (const char* line : {"X-Key: k\r\n", "X-Empty:", "User-Agent: m8/", "Content-Length: 2\r\n"})
    CHECK(sent.find(line) != std::string::npos);
  CHECK(sent.find("Content-Type") == std::string::npos);
}

TEST_CASE("http/client_curl: one connection for one service") {
  LoopbackServer server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("hello");
  });
  SessionFixture fixture;
  for (int i = 0; i < 20; ++i) REQUIRE(fixture.session->call(request_for(server.url()), {}).ok());
  CHECK(server.connections() == 1);
  CHECK(fixture.session->stats().requests == 20);
  CHECK(fixture.session->stats().reused == 19);
}

TEST_CASE("http/client_curl: at most thirty connections to one service") {
  LoopbackServer server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("hello");
  });
  SessionFixture fixture;
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 60; ++i) {
      threads.emplace_back(
          [&] { good += fixture.session->call(request_for(server.url()), {}).ok(); });
    }
  }
  CHECK(good == 60);
  CHECK(server.connections() <= 30);
}

TEST_CASE("http/client_curl: redirects as the request says, body cap") {
  LoopbackServer server([](Peer& peer) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (request.starts_with("GET /1")) {
        peer.write("HTTP/1.1 302 Found\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n");
      } else {
        peer.answer(std::string(100'000, 'x'));
      }
    }
  });
  SessionFixture fixture;
  Request request = request_for(server.url("/1"));
  CHECK(fixture.session->call(request, {})->status == 302);
  request.redirects = Request::Redirects::kAll;
  request.max_body = 1000;
  const auto response = fixture.session->call(request, {});
  REQUIRE(response.ok());
  CHECK(response->url.path == "/2");
  CHECK(response->body.size() == 1000);
  CHECK(response->body_truncated);
}

TEST_CASE("http/client_curl: what fails fails with a reason") {
  struct Row {
    std::string name, url;
    ErrorCode code;
  };
  const auto context = net::TlsContext::self_signed_server("localhost");
  REQUIRE(context.ok());
  LoopbackServer silent([](Peer& peer) { peer.wait_for_end(); });
  LoopbackServer closing([](Peer& peer) { peer.read_request(); });
  LoopbackServer untrusted([&](Peer& peer) { peer.start_tls(*context); });
  LoopbackServer garbage([](Peer& peer) {
    peer.read_request();
    peer.write("not http\r\n\r\n");
  });
  const Row rows[] = {
      {"silent", silent.url(), ErrorCode::kTimeout},
      {"closing", closing.url(), ErrorCode::kNetwork},
      {"untrusted", "https://localhost:" + std::to_string(untrusted.port()) + "/",
       ErrorCode::kProtocol},
      {"garbage", garbage.url(), ErrorCode::kProtocol},
      {"no name", "http://no-such-name.invalid/", ErrorCode::kNotFound},
      {"scheme", "ftp://127.0.0.1/", ErrorCode::kInvalidArgument},
  };
  SessionFixture fixture;
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Request request = request_for(row.url);
    request.timeout = row.code == ErrorCode::kTimeout ? 200ms : 5000ms;
    const auto response = fixture.session->call(request, {});
    REQUIRE_FALSE(response.ok());
    CHECK(std::string(to_string(response.error().code)) == to_string(row.code));
  }
  Request raw = request_for(silent.url());
  raw.wire = "x";
  CHECK(fixture.session->call(raw, {}).error().code == ErrorCode::kInvalidArgument);
  Request split = request_for(silent.url());
  split.headers.push_back({"A", "b\r\nC: d"});
  CHECK(fixture.session->call(split, {}).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("http/client_curl: stops when told to, and when the client goes") {
  LoopbackServer server([](Peer& peer) { peer.wait_for_end(); });
  net::RateLimiter limiter({}, SystemClock::instance());
  const auto client = CurlClient::create({}, limiter, SystemClock::instance());
  REQUIRE(client.ok());
  std::stop_source source;
  {
    std::jthread stopper([&] {
      while (server.connections() == 0) std::this_thread::yield();
      source.request_stop();
    });
    const auto stopped = (*client)->call(request_for(server.url()), source.get_token());
    REQUIRE_FALSE(stopped.ok());
    CHECK(stopped.error().code == ErrorCode::kCancelled);
  }
  auto second = CurlClient::create({}, limiter, SystemClock::instance());
  REQUIRE(second.ok());
  std::jthread ender([&] {
    while (server.connections() < 2) std::this_thread::yield();
    (*second)->stop();
  });
  const auto ended = (*second)->call(request_for(server.url()), {});
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().code == ErrorCode::kCancelled);
}
