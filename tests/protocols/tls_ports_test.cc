// A port that says it speaks TLS is asked with TLS from then on (templates 3.6.11).

#include "net/tls.h"
#include "protocols/block_fixture.h"

using namespace m8;
using namespace m8::test;

namespace {

const char* const kWrongScheme =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
    "<center>The plain HTTP request was sent to HTTPS port</center>";

const char* const kBlock =
    "path: ['{{BaseURL}}/1', '{{BaseURL}}/2']\nmatchers:\n  - type: word\n    words: [inside]\n";

}  // namespace

TEST_CASE("protocols/tls_ports: the next request uses TLS") {
  const auto context = net::TlsContext::self_signed_server("a.test");
  REQUIRE(context.ok());
  LoopbackServer server([&](Peer& peer) {
    if (peer.number() == 0) {
      peer.read_request();
      peer.write(kWrongScheme);
    } else if (peer.start_tls(*context) && !peer.read_request().empty()) {
      peer.answer("inside");
    }
  });
  BlockFixture fixture(server.url());
  fixture.run(kBlock);
  REQUIRE(fixture.findings().size() == 1);
  CHECK(fixture.findings()[0].matched_at ==
        "https://127.0.0.1:" + std::to_string(server.port()) + "/2");
  fixture.run(kBlock);
  CHECK(fixture.findings().size() == 3);
}

TEST_CASE("protocols/tls_ports: if TLS fails the request goes out plain, and so do the next") {
  LoopbackServer server([&](Peer& peer) {
    if (peer.number() == 1) return peer.reset();  // the client's hello
    for (std::string request; !(request = peer.read_request()).empty();) {
      if (peer.number() == 0) {
        peer.write(kWrongScheme);
        return;
      }
      peer.answer("inside");
    }
  });
  BlockFixture fixture(server.url());
  fixture.run(kBlock);
  CHECK(fixture.findings().size() == 1);
  CHECK(server.connections() == 3);
  fixture.run(kBlock);
  CHECK(fixture.findings().size() == 3);
  CHECK(server.connections() == 3);
}
