#include "queue/broker_metrics.h"

#include <thread>

#include "queue/brokers.h"
#include "queue/memory.h"

using namespace m8;
using namespace m8::test;

namespace {

bool page_has(const std::string& line) {
  return metrics::Registry::process().exposition().find(line + '\n') != std::string::npos;
}

}  // namespace

TEST_CASE("queue/broker_metrics: what waits in a queue and what was sent is on the page") {
  FakeClock clock;
  TestBroker test{make_memory_broker(clock)};
  const Address to = test.declare({});
  const std::string queue = test.names.work_queue(0);
  for (const char* id : {"a", "b", "c"}) REQUIRE(test.broker->publish(to, message_of(id), {}).ok());
  const auto sampling = sample_broker(*test.broker);
  const auto watch = watch_queues(*test.broker, queues_of(test.names, 1), {});
  while (!page_has("m8_queue_consumers{queue=\"" + queue + "\"} 0")) std::this_thread::yield();
  CHECK(page_has("m8_queue_depth{queue=\"" + queue + "\"} 3"));
  CHECK(page_has("m8_queue_messages_total{queue=\"all\",event=\"published\"} 3"));
  CHECK(page_has("m8_queue_messages_total{queue=\"all\",event=\"confirmed\"} 3"));
}

TEST_CASE("queue/broker_metrics: what was taken is counted by queue") {
  FakeClock clock;
  TestBroker test{make_memory_broker(clock)};
  const Address to = test.declare({});
  const std::string queue = test.names.work_queue(0);
  for (const char* id : {"a", "b", "c"}) REQUIRE(test.broker->publish(to, message_of(id), {}).ok());
  const auto consumer = consumer_of(test);
  REQUIRE(consumer->ack(take(*consumer)).ok());
  REQUIRE(consumer->reject(take(*consumer), false).ok());
  REQUIRE(consumer->reject(take(*consumer), true).ok());
  const auto sampling = sample_broker(*test.broker);
  for (const char* event : {"acked", "rejected", "requeued"})
    CHECK(page_has("m8_queue_messages_total{queue=\"" + queue + "\",event=\"" + event + "\"} 1"));
  CHECK(page_has("m8_queue_messages_total{queue=\"" + queue + "\",event=\"delivered\"} 3"));
}
