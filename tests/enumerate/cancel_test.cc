// An enumeration that is stopped at any moment leaves no thread, no descriptor and no file, and
// what the store has is whole.
#include <atomic>
#include <random>

#include <doctest/doctest.h>

#include "../dns/responder.h"
#include "base/temp_file.h"
#include "enumerate/bruteforce.h"
#include "enumerate/engine.h"
#include "support/process_state.h"
#include "support/round_store.h"

using namespace m8;
using namespace m8::enumerate;
using namespace m8::dns::test;
using m8::test::ProcessState;
using m8::test::RoundStore;

namespace {

constexpr int kRounds = 200;

/// Keeps what is found; a name is an event like a query.
struct Events final : model::Sink {
  Events(int stop_at, model::Sink& next) : at(stop_at), store(next) {}
  void event() {
    if (++seen == at) stop.request_stop();
  }
  Status hostname(const model::Hostname& record) override {
    ++found;
    event();
    return store.hostname(record);
  }
  Status flush() override { return store.flush(); }
  const int at;
  model::Sink& store;
  std::atomic<int> seen{0};
  std::uint64_t found = 0;
  std::stop_source stop;
};

/// Every second name exists; the domain does. Queries are events of \p events.
std::vector<std::string> answer(std::atomic<Events*>& events, const Responder::Asked& asked) {
  if (Events* told = events.load()) told->event();
  const auto& question = asked.query.questions[0];
  dns::Message reply = reply_to(asked.query);
  const bool apex = question.name == "example.test";
  if (!apex && question.name.size() % 2 == 0) reply.rcode = dns::Rcode::kNxDomain;
  if (reply.rcode == dns::Rcode::kNoError && question.type == dns::RrType::kA)
    reply.answers = {address_record(question.name, "192.0.2.1")};
  return {encoded(reply)};
}

}  // namespace

TEST_CASE("enumerate/cancel: stopped at 200 random moments, nothing is left") {
  std::atomic<Events*> listening{nullptr};
  const Responder server([&](const Responder::Asked& asked) { return answer(listening, asked); });
  const auto temp = TempDirectory::create("/tmp");
  REQUIRE(temp.ok());
  const auto enumerate_once = [&](int stop_at) {
    RoundStore store(temp->path());
    Events events(stop_at, store);
    listening = &events;
    const std::vector<net::Name> apexes = {net::Name::parse("example.test").value()};
    BruteForce words(apexes, built_in_words());
    EngineOptions options{{}, apexes};
    options.resolver.servers = {server.address()};
    options.resolver.in_flight = 50;
    const net::Scope scope;
    {
      const auto engine =
          Engine::create(options, words, scope, events, SystemClock::instance()).value();
      const Status status = engine->run(events.stop.get_token());
      CHECK(status.ok() != events.stop.stop_requested());
      CHECK(engine->counts().found == events.found);
      if (status.ok()) CHECK(engine->under_way() == 0);
    }
    CHECK(events.flush().ok());
    store.end_and_check(events.stop.stop_requested() ? "interrupted" : "done", events.found);
    listening = nullptr;
    return events.seen.load();
  };
  const int all = enumerate_once(-1);
  REQUIRE(all > 200);
  const ProcessState before = ProcessState::read(temp->path());
  std::mt19937 random(20261128);
  for (int i = 0; i < kRounds; ++i) {
    const int at = 1 + static_cast<int>(random() % static_cast<unsigned>(all));
    CAPTURE(at);
    (void)enumerate_once(at);
    REQUIRE(ProcessState::read(temp->path()) == before);
  }
}
