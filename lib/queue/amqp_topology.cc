#include "queue/amqp_topology.h"

#include <algorithm>

#include <fmt/format.h>

#include "queue/amqp_words.h"

namespace m8::queue::amqp {
namespace {

constexpr int kMostDifferences = 16;

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 19 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// \p text as what it was on the broker.
std::variant<std::int64_t, bool, std::string> value_of(const std::string& text) {
  if (is_number(text)) return static_cast<std::int64_t>(std::stoll(text));
  if (text == "true" || text == "false") return text == "true";
  return text;
}

void give_in(const Difference& difference, std::vector<Argument>& arguments) {
  std::erase_if(arguments,
                [&](const Argument& argument) { return argument.name == difference.name; });
  if (difference.found != "none")
    arguments.push_back({difference.name, value_of(difference.found)});
}

/// False if it can't be given in: nothing is known by that name.
bool give_in(const Difference& difference, QueueSpec& queue, std::vector<Argument>& arguments) {
  const bool on = difference.found == "true";
  if (difference.name == "durable")
    queue.durable = on;
  else if (difference.name == "auto_delete")
    queue.auto_delete = on;
  else if (difference.name == "exclusive")
    return false;
  else
    give_in(difference, arguments);
  return true;
}

bool give_in(const Difference& difference, ExchangeSpec& exchange,
             std::vector<Argument>& arguments) {
  if (difference.name == "durable")
    exchange.durable = difference.found == "true";
  else if (difference.name == "type")
    exchange.type = difference.found;
  else if (difference.name == "auto_delete" || difference.name == "internal")
    return false;
  else
    give_in(difference, arguments);
  return true;
}

const char* kind_of(const QueueSpec&) { return "queue"; }
const char* kind_of(const ExchangeSpec&) { return "exchange"; }

template <class Spec>
Result<Reply> declare(AmqpCalls& calls, const Spec& spec, const std::vector<Argument>& arguments,
                      bool passive, std::stop_token stop) {
  return calls.call(
      [&, copy = spec, arguments, passive](std::string& out, std::uint16_t channel) {
        put_declare(out, channel, copy, arguments, passive);
      },
      stop);
}

template <class Spec>
Status add_differences(AmqpCalls& calls, const Spec& wanted, std::vector<Difference>& out,
                       std::stop_token stop) {
  const auto there = declare(calls, wanted, {}, true, stop);
  if (!there.ok() && there.error().code == ErrorCode::kNotFound) {
    out.push_back({fmt::format("{} '{}'", kind_of(wanted), wanted.name), {}, {}, {}});
    return {};
  }
  if (!there.ok()) return there.error();
  const std::size_t before = out.size();
  Spec spec = wanted;
  auto arguments = arguments_of(wanted);
  for (int i = 0; i < kMostDifferences; ++i) {
    const auto declared = declare(calls, spec, arguments, false, stop);
    if (declared.ok()) break;
    const auto difference = difference_in(declared.error().message);
    if (!difference) return declared.error();
    out.push_back(*difference);
    if (!give_in(*difference, spec, arguments)) break;
  }
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
            [](const Difference& a, const Difference& b) { return a.name < b.name; });
  return {};
}

template <class Named>
void replace(const std::vector<Named>& more, std::vector<Named>& all) {
  for (const Named& one : more) {
    std::erase_if(all, [&](const Named& other) { return other.name == one.name; });
    all.push_back(one);
  }
}

}  // namespace

Result<std::vector<Difference>> compare(AmqpCalls& calls, const Topology& topology,
                                        std::stop_token stop) {
  std::vector<Difference> out;
  for (const auto& exchange : topology.exchanges)
    M8_TRY(add_differences(calls, exchange, out, stop));
  for (const auto& queue : topology.queues) M8_TRY(add_differences(calls, queue, out, stop));
  return out;
}

Status make(AmqpCalls& calls, const Topology& topology, std::stop_token stop) {
  for (const auto& exchange : topology.exchanges)
    M8_TRY(declare(calls, exchange, arguments_of(exchange), false, stop));
  for (const auto& queue : topology.queues)
    M8_TRY(declare(calls, queue, arguments_of(queue), false, stop));
  for (const auto& binding : topology.bindings)
    M8_TRY(calls.call(
        [binding](std::string& out, std::uint16_t channel) { put_bind(out, channel, binding); },
        stop));
  return {};
}

void merge(const Topology& more, Topology& all) {
  replace(more.exchanges, all.exchanges);
  replace(more.queues, all.queues);
  for (const Binding& binding : more.bindings) {
    if (std::find(all.bindings.begin(), all.bindings.end(), binding) == all.bindings.end())
      all.bindings.push_back(binding);
  }
}

void forget_queue(const std::string& queue, Topology& all) {
  std::erase_if(all.queues, [&](const QueueSpec& spec) { return spec.name == queue; });
  std::erase_if(all.bindings, [&](const Binding& binding) { return binding.queue == queue; });
}

}  // namespace m8::queue::amqp
