// race (templates 3.11); that last bytes wait for each other is in http/race_gate_test.cc.

#include <algorithm>

#include "protocols/block_fixture.h"

using namespace m8;
using namespace m8::test;

TEST_CASE("protocols/race: race_count requests at once, each on its own connection and evaluated") {
  RecordingServer server([](const std::string&) { return ok_reply("done"); });
  BlockFixture fixture(server.url());
  const auto outcome = fixture.run(
      "{race: true, race_count: 10, raw: [\"POST / HTTP/1.1\\nHost: a\\nUser-Agent: t\\n\\n"
      "coupon=1\"], matchers: [{type: word, words: [done]}]}");
  CHECK(outcome.requests == 10);
  CHECK(server.connections() == 10);
  REQUIRE(server.requests().size() == 10);
  CHECK(server.requests()[0] ==
        "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nContent-Length: 8\r\n"
        "Connection: close\r\nAccept-Encoding: gzip\r\n\r\ncoupon=1");
  CHECK(fixture.findings().size() == 10);
}

TEST_CASE("protocols/race: with threads and no count all raws race, unresolved markers are sent") {
  RecordingServer server([](const std::string&) { return ok_reply("x"); });
  BlockFixture fixture(server.url());
  fixture.run(
      "{race: true, threads: 2, raw: [\"GET /1?{{a}} HTTP/1.1\\nHost: a\\n\\n\","
      " \"GET /2 HTTP/1.1\\nHost: a\\n\\n\", \"GET /3 HTTP/1.1\\nHost: a\\n\\n\"]}");
  auto paths = server.paths();
  std::sort(paths.begin(), paths.end());
  CHECK(paths == std::vector<std::string>{"/1?{{a}}", "/2", "/3"});
  CHECK(server.connections() == 3);
}

TEST_CASE("protocols/race: who fails does not hold up the others") {
  LoopbackServer server([](Peer& peer) {
    if (peer.number() == 0) return peer.reset();
    if (!peer.read_request().empty()) peer.answer("x", "Connection: close\r\n");
  });
  BlockFixture fixture(server.url());
  const auto outcome = fixture.run(
      "{race: true, race_count: 3, path: ['{{BaseURL}}'], matchers: [{type: status, status: "
      "[200]}]}");
  CHECK(outcome.requests == 3);
  CHECK(fixture.findings().size() == 2);
}
