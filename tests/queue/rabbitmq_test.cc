// What happens when RabbitMQ fails, refuses, or is used by others: with a server of our own, if
// $M8_TEST_OWN_RABBITMQ asks for it (it takes a while to start).
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "queue/brokers.h"

using namespace m8;
using namespace m8::test;

namespace {

std::string words_of(const Status& status) { return status.ok() ? "" : status.error().message; }

TestBroker open(BrokerOptions options = {}) {
  options.reconnect_delay = 50ms;
  options.reconnect_max_delay = 500ms;
  auto opened = open_broker(server().url(), options, SystemClock::instance(), {});
  REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message));
  return TestBroker{std::move(*opened)};
}

/// Yields until \p done, at most a minute.
bool eventually(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string url_with(const std::string& login, const std::string& vhost) {
  return fmt::format("amqp://{}@127.0.0.1:{}/{}", login, server().port(), vhost);
}

Error open_error(const std::string& url) {
  const auto opened = open_broker(url, {}, SystemClock::instance(), {});
  REQUIRE_FALSE(opened.ok());
  return opened.error();
}

}  // namespace

/// A test that is skipped without a server.
#define M8_RABBITMQ_TEST(name) TEST_CASE(name* doctest::skip(!wants_rabbitmq()))

M8_RABBITMQ_TEST("queue/rabbitmq: a wrong password and a missing vhost are one clear line") {
  const Error password = open_error(url_with("guest:s3cret", ""));
  CHECK(password.code == ErrorCode::kDenied);
  CHECK(password.message.find("login refused: wrong user or password") != std::string::npos);
  CHECK(password.message.find("s3cret") == std::string::npos);
  const Error vhost = open_error(url_with("guest:guest", "no-such"));
  CHECK(vhost.code == ErrorCode::kNotFound);
  CHECK(vhost.message.find("vhost 'no-such' does not exist") != std::string::npos);
  const Error nobody = open_error("amqp://127.0.0.1:1/");
  CHECK(nobody.code == ErrorCode::kRefused);
}

M8_RABBITMQ_TEST("queue/rabbitmq: it says who it is, and answers") {
  auto test = open();
  const std::string words = test.broker->describe();
  CHECK(words.substr(0, 9) == "RabbitMQ ");
  CHECK(words.find(fmt::format(" at amqp://127.0.0.1:{}/", server().port())) != words.npos);
  CHECK(test.broker->ping({}).ok());
}

TEST_CASE("queue/rabbitmq: a refused request closes a channel, and the pool gives no closed one") {
  auto test = open();
  test.declare();
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(test.broker->inspect("no-such-queue", {}).ok());
    CHECK(test.broker->inspect(test.queue(), {}).ok());
  }
  CHECK(eventually([&] { return test.broker->stats().channels_open <= 2; }));
  CHECK(test.broker->stats().channels_closed >= 20);
}

M8_RABBITMQ_TEST("queue/rabbitmq: restarted while publishing and consuming, nothing is lost") {
  auto test = open();
  const Address to = test.declare();
  auto reader = open();
  constexpr int kMessages = 3000, kKillAt = 500, kStopAt = 1500;
  std::atomic<int> confirmed{0};
  std::jthread publisher([&] {
    for (int i = 0; i < kMessages; ++i) {
      Message message = message_of(fmt::format("{}", i), fmt::format("id-{}", i));
      const Status handed = test.broker->submit(
          to, message, [&](const Status& status) { confirmed += status.ok() ? 1 : 0; }, {});
      CHECK(handed.ok());
      // Half of them before, so that the restarts come while messages are under way.
      if (i % 100 == 0) eventually([&] { return confirmed > i - 400; });
    }
  });
  auto consumer = reader.broker->consume(test.queue(), 50, {});
  REQUIRE(consumer.ok());
  std::map<std::string, int> seen;
  int twice_unmarked = 0, restarts = 0;
  while (seen.size() < kMessages) {
    auto next = (*consumer)->next(60s, {});
    REQUIRE_MESSAGE(next.ok(), (next.ok() ? "" : next.error().message));
    REQUIRE(next->has_value());
    const Delivery& delivery = **next;
    if (seen[delivery.message.id]++ > 0 && !delivery.redelivered) ++twice_unmarked;
    CHECK((*consumer)->ack(delivery).ok());
    const int count = static_cast<int>(seen.size());
    if (restarts == 0 && count >= kKillAt) {
      ++restarts;
      REQUIRE(server().kill().ok());
      REQUIRE(words_of(server().start_again({})).empty());
    } else if (restarts == 1 && count >= kStopAt) {
      ++restarts;
      // Else it might sleep through the second.
      REQUIRE(eventually([&] { return test.broker->stats().reconnects >= 1; }));
      REQUIRE(server().stop().ok());
      REQUIRE(words_of(server().start_again({})).empty());
    }
  }
  publisher.join();
  CHECK(restarts == 2);
  CHECK(eventually([&] { return confirmed == kMessages; }));
  CHECK(eventually([&] { return test.broker->stats().reconnects >= 2; }));
  const auto stats = test.broker->stats();
  // The mark is missing only where the publisher sent one again whose confirmation was lost.
  CHECK(twice_unmarked <= static_cast<int>(stats.republished));
}

M8_RABBITMQ_TEST("queue/rabbitmq: what was declared is there again when the broker lost it") {
  auto test = open();
  const Address to = test.declare();
  auto consumer = consumer_of(test);
  REQUIRE(server().control({"stop_app"}).ok());
  REQUIRE(server().control({"force_reset"}).ok());
  REQUIRE(server().control({"start_app"}).ok());
  CHECK(eventually([&] { return test.broker->publish(to, message_of("x"), {}).ok(); }));
  CHECK(take(*consumer).message.body == "x");
}

TEST_CASE("queue/rabbitmq: settled after the connection was lost, it is counted and comes again") {
  auto test = open();
  const Address to = test.declare();
  REQUIRE(test.broker->publish(to, message_of("x"), {}).ok());
  auto consumer = consumer_of(test);
  const Delivery held = take(*consumer);
  const auto before = test.broker->stats().reconnects;
  REQUIRE(server().control({"close_all_connections", "test"}).ok());
  CHECK(eventually([&] { return test.broker->stats().reconnects > before; }));
  const Delivery again = take(*consumer);
  CHECK(again.message.id == held.message.id);
  CHECK(again.redelivered);
  CHECK(consumer->ack(held).ok());  // of the lost channel: nobody's tag any more
  CHECK(consumer->ack(again).ok());
  CHECK(eventually([&] { return test.broker->stats().acked == 1; }));
  CHECK(test.broker->stats().stale == 1);
  CHECK(is_empty(*consumer));
}

TEST_CASE("queue/rabbitmq: the broker's channel timeout ends a channel, and messages come again") {
  auto test = open();
  const Address to = test.declare();
  REQUIRE(test.broker->publish(to, message_of("x"), {}).ok());
  auto consumer = consumer_of(test);
  const Delivery held = take(*consumer);
  // As the broker does to who holds a delivery for too long: an acknowledgement it knows nothing
  // of closes the channel.
  Delivery strange = held;
  REQUIRE(server()
              .control({"eval",
                        "[exit(C, {amqp_error, precondition_failed, \"timed out\", none}) || C <- "
                        "rabbit_channel:list(), is_pid(C), proplists:get_value(consumer_count, "
                        "rabbit_channel:info(C, [consumer_count])) > 0]."})
              .ok());
  const Delivery again = take(*consumer);
  CHECK(again.message.id == held.message.id);
  CHECK(again.redelivered);
  CHECK(consumer->ack(again).ok());
}

M8_RABBITMQ_TEST("queue/rabbitmq: a blocked connection makes publishers wait, and acks go on") {
  auto test = open();
  const Address to = test.declare();
  REQUIRE(test.broker->publish(to, message_of("before"), {}).ok());
  auto consumer = consumer_of(test);
  const Delivery before = take(*consumer);
  REQUIRE(server().control({"set_vm_memory_high_watermark", "0.0001"}).ok());
  std::atomic<bool> there{false};
  std::jthread publisher([&] {
    CHECK(test.broker->publish(to, message_of("meanwhile"), {}).ok());
    there = true;
  });
  CHECK(eventually([&] { return test.broker->stats().blocked; }));
  CHECK_FALSE(there);
  CHECK(consumer->ack(before).ok());
  CHECK(eventually([&] { return test.broker->stats().acked == 1; }));
  CHECK(test.broker->inspect(test.queue(), {}).ok());
  CHECK_FALSE(there);
  REQUIRE(server().control({"set_vm_memory_high_watermark", "0.6"}).ok());
  publisher.join();
  CHECK(there);
  CHECK(take(*consumer).message.body == "meanwhile");
  CHECK(test.broker->stats().blocks >= 1);
}

TEST_CASE("queue/rabbitmq: a queue that others made otherwise is told, and told again by compare") {
  auto test = open();
  QueueSpec other;
  other.name = test.queue();
  other.durable = true;
  other.max_length = 2;
  other.max_bytes = 0;
  other.overflow = Overflow::kDropHead;
  REQUIRE(test.broker->declare({.exchanges = {}, .queues = {other}, .bindings = {}}, {}).ok());
  const auto differences = test.broker->compare(standard_topology(test.names, {}, 1), {});
  REQUIRE(differences.ok());
  std::set<std::string> names;
  for (const Difference& difference : *differences)
    if (difference.what == "queue '" + test.queue() + "'") names.insert(difference.name);
  CHECK(names == std::set<std::string>{"x-max-length", "x-max-length-bytes", "x-overflow",
                                       "x-dead-letter-exchange"});
}

M8_RABBITMQ_TEST("queue/rabbitmq: 10 MB of body, and a message that is not ours") {
  auto test = open();
  const Address to = test.declare();
  Message large = message_of(std::string(10u << 20, 'x'));
  REQUIRE(test.broker->publish(to, large, {}).ok());
  auto consumer = consumer_of(test);
  CHECK(take(*consumer).message.body.size() == large.body.size());
  // Larger than anything of ours: it goes to the dead letters unread, and the next one comes.
  const std::string publish = fmt::format(
      "rabbit_basic:publish(rabbit_misc:r(<<\"/\">>, exchange, <<>>), <<\"{}\">>, "
      "[{{delivery_mode, 2}}], binary:copy(<<\"x\">>, 17000000)).",
      test.queue());
  REQUIRE(words_of(server().control({"eval", publish})).empty());
  REQUIRE(test.broker->publish(to, message_of("next"), {}).ok());
  CHECK(take(*consumer).message.body == "next");
  CHECK(eventually([&] {
    return test.broker->inspect(test.names.dead_letters(), {}).value_or(QueueState{}).messages == 1;
  }));
}

M8_RABBITMQ_TEST("queue/rabbitmq: when it stays away, callers are told in the end") {
  BrokerOptions options;
  options.max_retries = 2;
  auto test = open(options);
  const Address to = test.declare();
  auto consumer = consumer_of(test);
  REQUIRE(test.broker->publish(to, message_of("x"), {}).ok());
  take(*consumer);
  auto brief = open({.persistent = false});
  const Address elsewhere = brief.declare();
  REQUIRE(brief.broker->publish(elsewhere, message_of("not kept"), {}).ok());
  REQUIRE(server().stop().ok());
  CHECK(test.broker->publish(to, message_of("x"), {}).error().code == ErrorCode::kRefused);
  CHECK(eventually([&] { return !consumer->next(kShort, {}).ok(); }));
  CHECK_FALSE(test.broker->inspect(test.queue(), {}).ok());
  REQUIRE(words_of(server().start_again({})).empty());
  // What was persistent is there, what was not is not.
  CHECK(brief.broker->inspect(test.queue(), {}).value_or(QueueState{}).messages == 1);
  CHECK(brief.broker->inspect(brief.queue(), {}).value_or(QueueState{}).messages == 0);
  CHECK(brief.broker->remove_queue(test.queue(), {}).ok());
}

M8_RABBITMQ_TEST("queue/rabbitmq: a broker that is silent is gone after two heartbeats") {
  BrokerOptions options;
  options.heartbeat = 1s;
  auto test = open(options);
  const Address to = test.declare();
  server().freeze();
  CHECK(eventually([&] { return !test.broker->stats().connected; }));
  server().thaw();
  CHECK(test.broker->publish(to, message_of("x"), {}).ok());
  CHECK(eventually([&] { return test.broker->stats().reconnects >= 1; }));
}
