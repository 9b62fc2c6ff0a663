#include <atomic>
#include <condition_variable>
#include <mutex>

#include <doctest/doctest.h>

#include "base/memory.h"
#include "http/loopback_server.h"
#include "http/session_fixture.h"

using namespace m8;
using namespace m8::http;
using namespace m8::test;

namespace {

constexpr std::size_t kBody = 6u << 20;
constexpr int kRequests = 12;

/// All requests at once; waits for them. What the governor had lent at most
/// when one was done.
std::uint64_t fetch_all(Session& session, MemoryGovernor& governor, const std::string& url) {
  std::mutex mutex;
  std::condition_variable changed;
  int done = 0;
  std::uint64_t most = 0;
  for (int i = 0; i < kRequests; ++i) {
    session.send(request_for(url), [&](Result<Exchange> result) {
      const std::lock_guard lock(mutex);
      CHECK(result.ok());
      if (result.ok()) CHECK(result->hops.back().body.size() == kBody);
      most = std::max(most, governor.leased());
      ++done;
      changed.notify_all();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait_for(lock, std::chrono::seconds(60), [&] { return done == kRequests; });
  CHECK(done == kRequests);
  return most;
}

}  // namespace

TEST_CASE(
    "http/memory_gate: large bodies are received within the room there "
    "is, and all of them") {
  const std::string body(kBody, 'x');
  struct Row {
    const char* what;
    std::string head;
  };
  const Row rows[] = {{"with a length", "HTTP/1.1 200 OK\r\nContent-Length: 6291456\r\n\r\n"},
                      {"until the end", "HTTP/1.1 200 OK\r\n\r\n"}};
  for (const Row& row : rows) {
    CAPTURE(row.what);
    LoopbackServer server([&](Peer& peer) {
      if (!peer.read_request().empty() && peer.write(row.head)) (void)peer.write(body);
    });
    MemoryGovernor governor(resident_bytes() * 5 / 4 + (100u << 20));
    (void)governor.watch();
    const std::uint64_t room = governor.room();
    REQUIRE(room < kRequests * kBody / 2);
    Session::Options options = SessionFixture::default_options();
    options.memory = &governor;
    SessionFixture fixture(options);
    const std::uint64_t most = fetch_all(*fixture.session, governor, server.url());
    CHECK(most >= kBody);
    CHECK(most <= room + 2 * kBody);  // one is let past it; a buffer grows by doubling
    fixture.session.reset();
    CHECK(governor.leased() == 0);
  }
}
