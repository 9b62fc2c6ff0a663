// What only the broker of one process does, by a clock turned by hand.
#include "queue/memory.h"

#include "queue/brokers.h"

using namespace m8;
using namespace m8::test;

TEST_CASE("queue/memory: messages expire by the queue's time and by their own, whichever is less") {
  FakeClock clock;
  TestBroker test{make_memory_broker(clock)};
  QueueSpec limits;
  limits.ttl = 10s;
  const Address to = test.declare(limits);
  Message brief = message_of("brief");
  brief.ttl = 5s;
  REQUIRE(test.broker->publish(to, brief, {}).ok());
  Message patient = message_of("patient");
  patient.ttl = 1h;
  REQUIRE(test.broker->publish(to, patient, {}).ok());
  const DeadLetterFilter dead{.queue = test.names.dead_letters()};
  clock.advance(4s);
  CHECK(test.broker->dead_letters(dead, {})->empty());
  clock.advance(1s);
  CHECK(test.broker->dead_letters(dead, {})->size() == 1);
  clock.advance(5s);
  const auto letters = test.broker->dead_letters(dead, {});
  REQUIRE(letters->size() == 2);
  CHECK((*letters)[1].message.body == "patient");
  CHECK((*letters)[1].message.ttl == 0ms);  // as a dead letter it stays
}

TEST_CASE("queue/memory: a queue that nobody uses goes in time") {
  FakeClock clock;
  TestBroker test{make_memory_broker(clock)};
  QueueSpec queue;
  queue.name = "mine";
  queue.expires = 1min;
  REQUIRE(test.broker->declare({.exchanges = {}, .queues = {queue}, .bindings = {}}, {}).ok());
  auto consumer = test.broker->consume("mine", 1, {});
  REQUIRE(consumer.ok());
  clock.advance(2min);
  CHECK(test.broker->inspect("mine", {}).ok());
  consumer->reset();
  clock.advance(59s);
  CHECK(test.broker->inspect("mine", {}).ok());
  clock.advance(1s);
  CHECK_FALSE(test.broker->inspect("mine", {}).ok());
}

TEST_CASE("queue/memory: a message that dies again is counted") {
  FakeClock clock;
  TestBroker test{make_memory_broker(clock)};
  const Address to = test.declare();
  std::vector<Death> deaths;
  add_death(deaths, {"q", "expired", to, 1, {}});
  add_death(deaths, {"q", "rejected", to, 1, {}});
  add_death(deaths, {"q", "expired", to, 1, {}});
  REQUIRE(deaths.size() == 2);
  CHECK(deaths[0].reason == "expired");
  CHECK(deaths[0].count == 2);
}

TEST_CASE("queue/memory: patterns of topics") {
  const struct {
    const char *pattern, *key;
    bool fits;
  } cases[] = {
      {"a.b", "a.b", true},       {"a.b", "a.c", false},    {"a.*", "a.b", true},
      {"a.*", "a.b.c", false},    {"a.*", "a", false},      {"a.#", "a", true},
      {"a.#", "a.b.c", true},     {"#", "", true},          {"#", "a.b", true},
      {"#.c", "a.b.c", true},     {"#.c", "a.b.d", false},  {"*.*.#", "a", false},
      {"#.b.#", "a.b.c.d", true}, {"a.#.#.b", "a.b", true}, {"*", "", true},
  };
  for (const auto& [pattern, key, fits] : cases) {
    const std::string topic = fmt::format("{} for {}", key, pattern);
    CAPTURE(topic);
    CHECK(topic_matches(pattern, key) == fits);
  }
}

TEST_CASE("queue/memory: URLs") {
  auto broker = open_broker("", {}, SystemClock::instance(), {});
  REQUIRE(broker.ok());
  CHECK((*broker)->describe() == "in this process");
  const auto unknown = open_broker("kafka://user:secret@host", {}, SystemClock::instance(), {});
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::kInvalidArgument);
  CHECK(unknown.error().message.find("secret") == std::string::npos);
  CHECK(check_url("").ok());
  CHECK(check_url("amqp://user:secret@host:5673/x").ok());
  CHECK(check_url("kafka://host").error().code == ErrorCode::kInvalidArgument);
  CHECK(check_url("amqp://host/a/b").error().code == ErrorCode::kInvalidArgument);
}
