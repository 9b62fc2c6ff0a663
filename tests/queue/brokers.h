/// The brokers that the contract is tested with: the one in this process always, a RabbitMQ of our
/// own if $M8_TEST_OWN_RABBITMQ asks for it (it takes ten seconds to start).
#pragma once

#include <cstdlib>
#include <functional>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/temp_file.h"
#include "bench/rabbitmq_server.h"
#include "net/shown_url.h"
#include "queue/memory_queues.h"
#include "queue/registry.h"

namespace m8::test {

using namespace m8::queue;
using namespace std::chrono_literals;

inline constexpr auto kLong = 20s;     ///< for what comes
inline constexpr auto kShort = 100ms;  ///< for what must not come

inline bool wants_rabbitmq() { return std::getenv("M8_TEST_OWN_RABBITMQ") != nullptr; }

/// One server for all tests. REQUIRES: wants_rabbitmq().
inline bench::RabbitServer& server() {
  static auto folder = TempDirectory::create("/tmp");
  static auto started = bench::RabbitServer::start(
      folder->path(), "vm_memory_high_watermark.relative = 0.6", SystemClock::instance(), {});
  REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().message));
  return *started;
}

/// A broker with names of its own, so that tests do not meet.
struct TestBroker {
  std::unique_ptr<Broker> broker;
  Names names{"test-" + new_message_id().substr(0, 12)};

  ~TestBroker() {
    for (std::size_t i = 0; broker && i < 4; ++i)
      static_cast<void>(broker->remove_queue(names.work_queue(i), {}));
    for (const auto& name : {names.unrouted(), names.dead_letters()})
      if (broker) static_cast<void>(broker->remove_queue(name, {}));
  }
  /// Declares the usual topology with one work queue, and returns that queue's address.
  Address declare(const QueueSpec& limits = {}) {
    const Status status = broker->declare(standard_topology(names, limits, 1), {});
    REQUIRE_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
    return {names.exchange(), names.work_queue(0)};
  }
  std::string queue() const { return names.work_queue(0); }
};

inline void for_each_broker(const std::function<void(TestBroker&)>& test) {
  for (const std::string& url :
       {std::string("memory:"), wants_rabbitmq() ? server().url() : std::string()}) {
    if (url.empty()) continue;
    CAPTURE(net::shown_url(url));
    auto opened = open_broker(url, {}, SystemClock::instance(), {});
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message));
    TestBroker broker{std::move(*opened)};
    test(broker);
  }
}

inline Message message_of(std::string body, std::string id = {}) {
  Message message;
  message.id = std::move(id);
  message.type = "job";
  message.body = std::move(body);
  return message;
}

inline std::unique_ptr<Consumer> consumer_of(TestBroker& test, std::uint16_t prefetch = 10) {
  auto consumer = test.broker->consume(test.queue(), prefetch, {});
  REQUIRE_MESSAGE(consumer.ok(), (consumer.ok() ? "" : consumer.error().message));
  return std::move(*consumer);
}

/// The next message; the test fails if none comes.
inline Delivery take(Consumer& consumer) {
  auto next = consumer.next(kLong, {});
  REQUIRE_MESSAGE(next.ok(), (next.ok() ? "" : next.error().message));
  REQUIRE(next->has_value());
  return std::move(**next);
}

inline bool is_empty(Consumer& consumer) {
  auto next = consumer.next(kShort, {});
  return next.ok() && !next->has_value();
}

}  // namespace m8::test
