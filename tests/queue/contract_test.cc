// What every broker must do.
#include <atomic>
#include <set>
#include <thread>

#include "queue/brokers.h"

using namespace m8;
using namespace m8::test;

namespace {

/// Looks at the dead letters until there are \p count.
std::vector<Delivery> letters_of(TestBroker& test, std::size_t count) {
  const auto end = std::chrono::steady_clock::now() + kLong;
  while (true) {
    auto letters = test.broker->dead_letters({.queue = test.names.dead_letters()}, {});
    REQUIRE(letters.ok());
    if (letters->size() >= count || std::chrono::steady_clock::now() > end) return *letters;
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("queue/contract: a message arrives as it was sent") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    Message sent = message_of(std::string("\0\xff body", 7), "id-1");
    sent.headers = {{"run", "7"}, {"run", "8"}, {"empty", ""}};
    REQUIRE(test.broker->publish(to, sent, {}).ok());
    auto consumer = consumer_of(test);
    const Delivery got = take(*consumer);
    CHECK(got.message.id == "id-1");
    CHECK(got.message.type == "job");
    CHECK(got.message.body == sent.body);
    CHECK(got.message.headers == sent.headers);
    CHECK(got.queue == test.queue());
    CHECK(got.sent_to == to);
    CHECK_FALSE(got.redelivered);
    CHECK(got.deaths.empty());
    CHECK(got.message.published > WallTime{});
    CHECK(got.age(got.message.published + 90s) == 90s);
    CHECK(consumer->ack(got).ok());
    CHECK(is_empty(*consumer));
  });
}

TEST_CASE("queue/contract: a message without an id gets one") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    REQUIRE(test.broker->publish_all(to, {message_of("a"), message_of("b")}, {}).ok());
    auto consumer = consumer_of(test);
    const Delivery a = take(*consumer), b = take(*consumer);
    CHECK(a.message.body == "a");
    CHECK(b.message.body == "b");
    CHECK(a.message.id.size() == 32);
    CHECK(a.message.id != b.message.id);
  });
}

TEST_CASE("queue/contract: large and empty bodies") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    for (const std::size_t size :
         {std::size_t(0), std::size_t(131'064), std::size_t(131'065), std::size_t(1'000'003)}) {
      std::string body(size, 'x');
      if (size > 0) body.back() = 'y';
      REQUIRE(test.broker->publish(to, message_of(body), {}).ok());
      auto consumer = consumer_of(test);
      const Delivery got = take(*consumer);
      CHECK(got.message.body == body);
      CHECK(consumer->ack(got).ok());
    }
  });
}

TEST_CASE("queue/contract: what breaks a bound is refused at once") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    Message long_id = message_of("", std::string(256, 'i'));
    Message many = message_of("");
    many.headers.assign(kMaxHeaders + 1, {"a", "b"});
    Message large = message_of("");
    large.headers = {{"a", std::string(kMaxHeaderBytes, 'x')}};
    for (const Message& message : {long_id, many, large}) {
      const Status status = test.broker->publish(to, message, {});
      REQUIRE_FALSE(status.ok());
      CHECK(status.error().code == ErrorCode::kInvalidArgument);
    }
  });
}

TEST_CASE("queue/contract: a consumer holds no more than its prefetch") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    for (const char* body : {"1", "2", "3"})
      REQUIRE(test.broker->publish(to, message_of(body), {}).ok());
    auto consumer = consumer_of(test, 2);
    const Delivery first = take(*consumer), second = take(*consumer);
    CHECK(is_empty(*consumer));
    CHECK(consumer->ack(second).ok());
    CHECK(take(*consumer).message.body == "3");
    CHECK(is_empty(*consumer));
    CHECK(consumer->ack(first).ok());
  });
}

TEST_CASE("queue/contract: what was not settled comes again, marked") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    REQUIRE(test.broker->publish_all(to, {message_of("1"), message_of("2")}, {}).ok());
    {
      auto consumer = consumer_of(test);
      take(*consumer);
      const Delivery second = take(*consumer);
      REQUIRE(consumer->reject(second, true).ok());
      const Delivery again = take(*consumer);
      CHECK(again.message.body == "2");
      CHECK(again.redelivered);
    }
    auto consumer = consumer_of(test);
    for (const char* body : {"1", "2"}) {
      const Delivery got = take(*consumer);
      CHECK(got.message.body == body);
      CHECK(got.redelivered);
      CHECK(consumer->ack(got).ok());
    }
    CHECK(is_empty(*consumer));
  });
}

TEST_CASE("queue/contract: rejected and expired messages are dead letters, and are replayed") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    REQUIRE(test.broker->publish(to, message_of("bad", "id-bad"), {}).ok());
    {
      auto consumer = consumer_of(test);
      REQUIRE(consumer->reject(take(*consumer), false).ok());
    }
    auto letters = letters_of(test, 1);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].message.id == "id-bad");
    REQUIRE(letters[0].deaths.size() == 1);
    CHECK(letters[0].deaths[0].reason == "rejected");
    CHECK(letters[0].deaths[0].queue == test.queue());
    CHECK(letters[0].deaths[0].sent_to == to);
    CHECK(letters[0].deaths[0].count == 1);

    Message brief = message_of("late", "id-late");
    brief.ttl = 1ms;
    REQUIRE(test.broker->publish(to, brief, {}).ok());
    letters = letters_of(test, 2);
    REQUIRE(letters.size() == 2);
    CHECK(letters[1].deaths[0].reason == "expired");

    const auto replayed =
        test.broker->replay({.queue = test.names.dead_letters(), .reason = "rejected"}, {});
    REQUIRE(replayed.ok());
    CHECK(*replayed == 1);
    auto consumer = consumer_of(test);
    const Delivery again = take(*consumer);
    CHECK(again.message.id == "id-bad");
    CHECK(again.message.body == "bad");
    CHECK(again.sent_to == to);
    CHECK(consumer->ack(again).ok());
    letters = letters_of(test, 1);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].message.id == "id-late");
  });
}

TEST_CASE("queue/contract: a replay goes by id, and keeps what can't be sent") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    for (const char* id : {"a", "b", "c"})
      REQUIRE(test.broker->publish(to, message_of(id, id), {}).ok());
    {
      auto consumer = consumer_of(test);
      for (int i = 0; i < 3; ++i) REQUIRE(consumer->reject(take(*consumer), false).ok());
    }
    REQUIRE(letters_of(test, 3).size() == 3);
    const std::string dead = test.names.dead_letters();
    CHECK(test.broker->replay({.queue = dead, .id = "b"}, {}).value_or(0) == 1);
    CHECK(letters_of(test, 2).size() == 2);
    // Without its queue the rest goes to the alternate exchange: that is a queue, too.
    REQUIRE(test.broker->remove_queue(test.queue(), {}).ok());
    CHECK(test.broker->replay({.queue = dead, .id = "a"}, {}).value_or(0) == 1);
    CHECK(test.broker->inspect(test.names.unrouted(), {}).value_or(QueueState{}).messages == 1);
    CHECK(letters_of(test, 1)[0].message.id == "c");
  });
}

TEST_CASE("queue/contract: what no queue takes is told, or goes to the alternate exchange") {
  for_each_broker([](TestBroker& test) {
    test.declare();
    const Status nowhere = test.broker->publish({"", "no-such-queue"}, message_of("x"), {});
    REQUIRE_FALSE(nowhere.ok());
    CHECK(nowhere.error().code == ErrorCode::kNotFound);
    CHECK(nowhere.error().message == "no queue takes what is sent to '' with key 'no-such-queue'");
    REQUIRE(test.broker->publish({test.names.exchange(), "no-such-key"}, message_of("x"), {}).ok());
    CHECK(test.broker->inspect(test.names.unrouted(), {}).value_or(QueueState{}).messages == 1);
    CHECK(test.broker->stats().returned == 1);
  });
}

TEST_CASE("queue/contract: an exchange that is not there is told, and the next message goes") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    const Status nowhere = test.broker->publish({"no-such-exchange", "k"}, message_of("x"), {});
    REQUIRE_FALSE(nowhere.ok());
    CHECK(nowhere.error().code == ErrorCode::kNotFound);
    CHECK(nowhere.error().message.find("'no-such-exchange'") != std::string::npos);
    CHECK(test.broker->publish(to, message_of("x"), {}).ok());
  });
}

TEST_CASE("queue/contract: a full queue makes the publisher wait, and nothing is lost") {
  for_each_broker([](TestBroker& test) {
    QueueSpec limits;
    limits.max_length = 2;
    const Address to = test.declare(limits);
    constexpr int kMessages = 60;
    std::jthread publisher([&] {
      for (int i = 0; i < kMessages; ++i)
        CHECK(test.broker->publish(to, message_of(fmt::format("{}", i)), {}).ok());
    });
    const auto end = std::chrono::steady_clock::now() + kLong;
    while (test.broker->stats().refused == 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    CHECK(test.broker->stats().refused > 0);
    auto consumer = consumer_of(test, 1);
    std::set<std::string> bodies;
    while (bodies.size() < kMessages) {
      const Delivery got = take(*consumer);
      CHECK(bodies.insert(got.message.body).second);
      REQUIRE(consumer->ack(got).ok());
    }
    CHECK(bodies.size() == kMessages);
  });
}

TEST_CASE("queue/contract: who waits for room can be stopped") {
  for_each_broker([](TestBroker& test) {
    QueueSpec limits;
    limits.max_length = 1;
    const Address to = test.declare(limits);
    std::stop_source stop;
    Status last;
    std::jthread publisher([&] {
      while (last.ok()) last = test.broker->publish(to, message_of("x"), stop.get_token());
    });
    while (test.broker->stats().refused == 0) std::this_thread::yield();
    stop.request_stop();
    publisher.join();
    CHECK(last.error().code == ErrorCode::kCancelled);
  });
}

TEST_CASE("queue/contract: drop-head drops the oldest when asked for") {
  for_each_broker([](TestBroker& test) {
    QueueSpec limits;
    limits.max_length = 2;
    limits.overflow = Overflow::kDropHead;
    const Address to = test.declare(limits);
    for (const char* body : {"1", "2", "3"})
      REQUIRE(test.broker->publish(to, message_of(body), {}).ok());
    const auto letters = letters_of(test, 1);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].message.body == "1");
    CHECK(letters[0].deaths[0].reason == "maxlen");
    auto consumer = consumer_of(test);
    CHECK(take(*consumer).message.body == "2");
    CHECK(take(*consumer).message.body == "3");
  });
}

TEST_CASE("queue/contract: what is declared otherwise is told in words, all of it") {
  for_each_broker([](TestBroker& test) {
    QueueSpec limits;
    limits.max_length = 2;
    limits.ttl = 0ms;
    const Address to = test.declare(limits);
    const Status status = test.broker->declare(standard_topology(test.names, {}, 1), {});
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::kExists);
    const std::string queue = "queue '" + test.queue() + "'";
    CHECK(status.error().message == queue + ": x-max-length is 2, 10000 was asked for; " + queue +
                                        ": x-message-ttl is none, 3600000 was asked for");
    // Nothing broke by asking.
    CHECK(test.broker->publish(to, message_of("x"), {}).ok());
    CHECK(test.broker->declare(standard_topology(test.names, limits, 1), {}).ok());
  });
}

TEST_CASE("queue/contract: compare makes nothing") {
  for_each_broker([](TestBroker& test) {
    const auto topology = standard_topology(test.names, {}, 1);
    auto missing = test.broker->compare(topology, {});
    REQUIRE(missing.ok());
    CHECK(missing->size() == topology.exchanges.size() + topology.queues.size());
    CHECK(missing->back().to_string() == "queue '" + test.queue() + "' is missing");
    CHECK_FALSE(test.broker->inspect(test.queue(), {}).ok());
    test.declare();
    missing = test.broker->compare(topology, {});
    REQUIRE(missing.ok());
    CHECK(missing->empty());
  });
}

TEST_CASE("queue/contract: queues are looked at, emptied and removed") {
  for_each_broker([](TestBroker& test) {
    const auto absent = test.broker->inspect("no-such-queue", {});
    REQUIRE_FALSE(absent.ok());
    CHECK(absent.error().code == ErrorCode::kNotFound);
    CHECK(absent.error().message == "queue 'no-such-queue' does not exist");
    CHECK(test.broker->purge("no-such-queue", {}).error().code == ErrorCode::kNotFound);
    CHECK(test.broker->consume("no-such-queue", 1, {}).error().code == ErrorCode::kNotFound);
    const Address to = test.declare();
    REQUIRE(test.broker->publish_all(to, {message_of("1"), message_of("2")}, {}).ok());
    CHECK(test.broker->inspect(test.queue(), {}).value_or(QueueState{}).messages == 2);
    CHECK(test.broker->purge(test.queue(), {}).value_or(0) == 2);
    CHECK(test.broker->inspect(test.queue(), {}).value_or(QueueState{}).messages == 0);
    auto consumer = consumer_of(test);
    CHECK(test.broker->inspect(test.queue(), {}).value_or(QueueState{}).consumers == 1);
    REQUIRE(test.broker->remove_queue(test.queue(), {}).ok());
    const auto ended = consumer->next(kLong, {});
    REQUIRE_FALSE(ended.ok());
    CHECK(ended.error().code == ErrorCode::kNotFound);
    CHECK(test.broker->remove_queue(test.queue(), {}).ok());
  });
}

TEST_CASE("queue/contract: a cancelled consumer gets no more, and still settles") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    REQUIRE(test.broker->publish_all(to, {message_of("1"), message_of("2")}, {}).ok());
    auto consumer = consumer_of(test);
    const Delivery held = take(*consumer);
    consumer->cancel();
    consumer->cancel();
    const auto nothing = consumer->next(kLong, {});
    REQUIRE(nothing.ok());
    CHECK_FALSE(nothing->has_value());
    CHECK(consumer->ack(held).ok());
    consumer.reset();
    auto other = consumer_of(test);
    CHECK(take(*other).message.body == "2");
    CHECK(is_empty(*other));
  });
}

TEST_CASE("queue/contract: one consumer at a time when asked for") {
  for_each_broker([](TestBroker& test) {
    QueueSpec limits;
    limits.single_consumer = true;
    const Address to = test.declare(limits);
    auto first = consumer_of(test);
    auto second = consumer_of(test);
    REQUIRE(test.broker->publish(to, message_of("1"), {}).ok());
    const Delivery got = take(*first);
    CHECK(is_empty(*second));
    first.reset();
    const Delivery again = take(*second);
    CHECK(again.message.id == got.message.id);
    CHECK(again.redelivered);
  });
}

TEST_CASE("queue/contract: waiting ends when stop is requested") {
  for_each_broker([](TestBroker& test) {
    test.declare();
    auto consumer = consumer_of(test);
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });
    const auto next = consumer->next(1h, stop.get_token());
    REQUIRE(next.ok());
    CHECK_FALSE(next->has_value());
  });
}

TEST_CASE("queue/contract: many publishers and consumers, each message once") {
  for_each_broker([](TestBroker& test) {
    const Address to = test.declare();
    constexpr int kEach = 500, kPublishers = 4, kConsumers = 3;
    std::atomic<int> taken{0};
    std::set<std::string> bodies;
    std::mutex mutex;
    {
      std::vector<std::jthread> threads;
      for (int p = 0; p < kPublishers; ++p)
        threads.emplace_back([&, p] {
          std::vector<Message> messages;
          for (int i = 0; i < kEach; ++i)
            messages.push_back(message_of(fmt::format("{}/{}", p, i)));
          CHECK(test.broker->publish_all(to, std::move(messages), {}).ok());
        });
      for (int c = 0; c < kConsumers; ++c)
        threads.emplace_back([&] {
          auto consumer = test.broker->consume(test.queue(), 20, {});
          while (consumer.ok() && taken < kEach * kPublishers) {
            auto next = (*consumer)->next(kShort, {});
            if (!next.ok() || !next->has_value()) continue;
            std::lock_guard lock(mutex);
            bodies.insert((*next)->message.body);
            CHECK((*consumer)->ack(**next).ok());
            ++taken;
          }
        });
    }
    CHECK(bodies.size() == kEach * kPublishers);
    CHECK(taken == kEach * kPublishers);
  });
}
