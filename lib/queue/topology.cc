#include "queue/topology.h"

#include <fmt/format.h>

namespace m8::queue {
namespace {

/// A fanout exchange and the one queue behind it, both of that name, without bounds.
void add_collector(const std::string& name, Topology& topology) {
  topology.exchanges.push_back({.name = name, .type = "fanout", .alternate = {}});
  QueueSpec queue;
  queue.name = name;
  queue.max_length = 0;
  queue.max_bytes = 0;
  queue.ttl = std::chrono::milliseconds(0);
  topology.queues.push_back(std::move(queue));
  topology.bindings.push_back({name, name, {}});
}

}  // namespace

std::string Difference::to_string() const {
  if (name.empty()) return what + " is missing";
  return fmt::format("{}: {} is {}, {} was asked for", what, name, found, wanted);
}

std::string Argument::text() const {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::get<std::string>(value);
}

std::vector<Argument> arguments_of(const QueueSpec& queue) {
  std::vector<Argument> out;
  const auto add_number = [&](const char* name, std::int64_t value) {
    if (value != 0) out.push_back({name, value});
  };
  const auto add_text = [&](const char* name, const std::string& value) {
    if (!value.empty()) out.push_back({name, value});
  };
  add_number("x-max-length", static_cast<std::int64_t>(queue.max_length));
  add_number("x-max-length-bytes", static_cast<std::int64_t>(queue.max_bytes));
  add_number("x-message-ttl", queue.ttl.count());
  add_number("x-expires", queue.expires.count());
  if (queue.max_length != 0 || queue.max_bytes != 0)
    add_text("x-overflow", queue.overflow == Overflow::kDropHead ? "drop-head" : "reject-publish");
  add_text("x-dead-letter-exchange", queue.dead_letter_exchange);
  add_text("x-dead-letter-routing-key", queue.dead_letter_key);
  if (queue.single_consumer) out.push_back({"x-single-active-consumer", true});
  return out;
}

std::vector<Argument> arguments_of(const ExchangeSpec& exchange) {
  if (exchange.alternate.empty()) return {};
  return {{"alternate-exchange", exchange.alternate}};
}

std::string Names::work_queue(std::size_t i) const { return fmt::format("{}.{}", exchange(), i); }

Topology standard_topology(const Names& names, const QueueSpec& limits, std::size_t work_queues) {
  Topology topology;
  add_collector(names.unrouted(), topology);
  add_collector(names.dead_letters(), topology);
  topology.exchanges.push_back({.name = names.exchange(), .alternate = names.unrouted()});
  for (std::size_t i = 0; i < work_queues; ++i) {
    QueueSpec queue = limits;
    queue.name = names.work_queue(i);
    queue.dead_letter_exchange = names.dead_letters();
    topology.bindings.push_back({names.exchange(), queue.name, queue.name});
    topology.queues.push_back(std::move(queue));
  }
  return topology;
}

}  // namespace m8::queue
