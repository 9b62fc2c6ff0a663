// The client against our own server, and against servers that are none.
#include "oob/client.h"

#include <thread>

#include <doctest/doctest.h>

#include "http/loopback_server.h"
#include "http/session_fixture.h"
#include "oob/receiver.h"
#include "oob/server.h"

using namespace m8;
using namespace m8::oob;
using namespace m8::test;

namespace {

/// Our server, running.
struct ServerFixture {
  explicit ServerFixture(ServerOptions options = {}) {
    options.domain = "oob.test";
    options.dns_port = options.http_port = options.https_port = options.smtp_port = 0;
    auto made = Server::create(std::move(options), SystemClock::instance());
    REQUIRE(made.ok());
    server = std::move(*made);
    thread = std::jthread([this](const std::stop_token& stop) { server->run(stop); });
  }
  std::string url() const { return "http://" + server->http_address().to_string(); }

  std::unique_ptr<Server> server;
  std::jthread thread;
};

/// Uses an interaction URL over HTTP.
void visit(SessionFixture& http, const ServerFixture& oob, const std::string& host) {
  http::Request request = request_for(oob.url() + "/visit");
  request.headers[0].value = host;
  const auto answer = http.fetch(std::move(request));
  REQUIRE(answer.ok());
  const std::string id = host.substr(0, host.find('.'));
  CHECK(answer->final().body ==
        "<html><head></head><body>" + std::string(id.rbegin(), id.rend()) + "</body></html>");
}

Result<std::unique_ptr<Client>> connect(SessionFixture& http, const std::string& url,
                                        const std::string& token = "") {
  return Client::connect({{url}, token}, *http.session, SystemClock::instance(), {});
}

}  // namespace

TEST_CASE("oob/client: registers, polls and says good-bye") {
  ServerFixture oob;
  SessionFixture http;
  auto client = connect(http, oob.url());
  REQUIRE(client.ok());
  CHECK((*client)->domain() == "oob.test");
  CHECK((*client)->poll({})->empty());
  Correlator correlator((*client)->correlation_id(), (*client)->domain(), {},
                        SystemClock::instance());
  const std::string url = correlator.new_url();
  visit(http, oob, url);
  visit(http, oob, "9m4e2mr0ui3e8a215n4gyyyyyyyyyyyyy.oob.test");
  const auto come = (*client)->poll({});
  REQUIRE(come.ok());
  REQUIRE(come->size() == 1);
  CHECK(come->at(0).unique_id == Correlator::id_of(url));
  CHECK(come->at(0).protocol == "http");
  CHECK(come->at(0).raw_request.starts_with("GET /visit HTTP/1.1\r\nHost: " + url));
  CHECK((*client)->register_again({}).ok());
  CHECK((*client)->deregister({}).ok());
  CHECK((*client)->poll({}).error().code == ErrorCode::kNotFound);
  CHECK((*client)->register_again({}).ok());
  CHECK((*client)->poll({})->empty());
  CHECK(oob.server->counters().sessions.unknown == 1);
}

TEST_CASE("oob/client: tokens, and servers that are none") {
  ServerOptions options;
  options.token = "right";
  ServerFixture oob(std::move(options));
  SessionFixture http;
  CHECK(connect(http, oob.url(), "right").ok());
  const auto wrong = connect(http, oob.url(), "wrong");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().code == ErrorCode::kDenied);
  CHECK(wrong.error().message.find("invalid token provided for interactsh server") !=
        std::string::npos);
  for (const char* body : {"", "ok", "{\"message\":\"no\"}", "[]"}) {
    LoopbackServer garbage([body](Peer& peer) {
      if (peer.read_request().empty()) return;
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(std::strlen(body)) +
                 "\r\n\r\n" + body);
    });
    CHECK(connect(http, garbage.url("")).error().code == ErrorCode::kProtocol);
  }
  CHECK(connect(http, "http://127.0.0.1:1").error().code == ErrorCode::kRefused);
  CHECK(connect(http, "ftp://x").error().code == ErrorCode::kInvalidArgument);
  CHECK_FALSE(Client::connect({}, *http.session, SystemClock::instance(), {}).ok());
}

TEST_CASE("oob/client: the next server is tried") {
  ServerFixture oob;
  SessionFixture http;
  for (int i = 0; i < 4; ++i) {
    const auto client = Client::connect({{"http://127.0.0.1:1", oob.url()}, ""}, *http.session,
                                        SystemClock::instance(), {});
    REQUIRE(client.ok());
  }
}

TEST_CASE("oob/receiver: brings what came before the end") {
  ServerFixture oob;
  SessionFixture http;
  ReceiverOptions options;
  options.choice.servers = {oob.url()};
  options.poll_interval = std::chrono::hours(1);
  options.cooldown = std::chrono::milliseconds(1);
  auto receiver = Receiver::create(options, *http.session, SystemClock::instance(), {});
  REQUIRE(receiver.ok());
  struct Waiting final : Correlator::Waiting {
    void called(std::shared_ptr<const model::Interaction> interaction,
                Correlator::Ticket) override {
      protocol = interaction->protocol;
    }
    std::size_t bytes() const override { return 1; }
    std::string protocol;
  };
  const auto waiting = std::make_shared<Waiting>();
  const std::string url = (*receiver)->correlator().new_url();
  (*receiver)->correlator().hold({Correlator::id_of(url)}, waiting);
  visit(http, oob, url);
  (*receiver)->finish({});
  CHECK(waiting->protocol == "http");
  CHECK(waiting.use_count() == 1);
  CHECK((*receiver)->health().ok());
  CHECK(oob.server->counters().sessions.sessions == 0);
}
