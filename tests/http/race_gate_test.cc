// The last bytes of requests that race wait for each other (templates 3.11).

#include <future>

#include "http/loopback_server.h"
#include "http/session_fixture.h"

using namespace m8;
using namespace m8::test;

namespace {

http::Request racer(const std::string& url, const std::shared_ptr<const http::RaceGate>& gate) {
  http::Request request = request_for(url);
  request.gate = gate;
  request.fresh_connection = true;
  return request;
}

/// The status of what \p request is answered.
std::future<int> send(SessionFixture& http, http::Request request) {
  auto status = std::make_shared<std::promise<int>>();
  http.session->send(std::move(request), [status](Result<http::Exchange> result) {
    status->set_value(result.ok() ? result->final().status : 0);
  });
  return status->get_future();
}

}  // namespace

TEST_CASE("http/race_gate: the last byte of the first request waits for the second") {
  std::promise<std::size_t> head_came;
  std::size_t length = 0;
  LoopbackServer server([&](Peer& peer) {
    if (peer.number() == 0) {
      peer.read_bytes(length - 1);
      // The second request has not been sent: so nothing more may be here.
      head_came.set_value(peer.unread());
      peer.read_bytes(1);
    } else if (peer.read_request().empty()) {
      return;
    }
    peer.answer("x", "Connection: close\r\n");
  });
  SessionFixture http;
  const auto gate = std::make_shared<http::RaceGate>(http::RaceGate{2});
  http::Request first = racer(server.url(), gate);
  length = http::to_wire(first).size();
  auto one = send(http, std::move(first));
  CHECK(head_came.get_future().get() == 0);
  auto two = send(http, racer(server.url(), gate));
  CHECK(one.get() == 200);
  CHECK(two.get() == 200);
}

TEST_CASE("http/race_gate: who never comes holds up nobody for long") {
  LoopbackServer server([&](Peer& peer) {
    if (!peer.read_request().empty()) peer.answer("x", "Connection: close\r\n");
  });
  SessionFixture http;
  const auto gate = std::make_shared<http::RaceGate>(http::RaceGate{3});
  auto one = send(http, racer(server.url(), gate));
  auto two = send(http, racer(server.url(), gate));
  CHECK(one.get() == 200);
  CHECK(two.get() == 200);
}

TEST_CASE("http/race_gate: an answer before the last byte, an end, and a stop all leave the gate") {
  LoopbackServer server([&](Peer& peer) {
    if (peer.number() == 0) return peer.answer("early", "Connection: close\r\n");
    if (peer.number() == 1) return peer.reset();
    peer.wait_for_end();
  });
  const auto gate = std::make_shared<http::RaceGate>(http::RaceGate{10});
  std::future<int> early, reset, stopped;
  {
    SessionFixture http;
    early = send(http, racer(server.url(), gate));
    CHECK(early.get() == 200);
    reset = send(http, racer(server.url(), gate));
    CHECK(reset.get() == 0);
    stopped = send(http, racer(server.url(), gate));
  }
  CHECK(stopped.get() == 0);
}
