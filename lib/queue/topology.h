/// Topology: the exchanges, queues and bindings that a program relies on.
///
/// Threads: plain values, no shared state.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "queue/message.h"

namespace m8::queue {

/// What a full queue does with a message for it.
enum class Overflow {
  kRejectPublish,  ///< refuses it: the publisher waits and tries again, nothing is lost
  kDropHead,       ///< drops (dead-letters) the oldest
};

struct ExchangeSpec {
  std::string name;
  std::string type = "direct";  ///< "direct", "fanout", "topic"
  std::string alternate;        ///< the exchange that gets what no queue takes; empty: none
  bool durable = true;
};

struct QueueSpec {
  std::string name;
  bool durable = true;
  bool auto_delete = false;      ///< goes when its last consumer has gone
  bool single_consumer = false;  ///< one consumer at a time gets messages; the next when it goes
  std::uint64_t max_length = 10'000;                      ///< messages that wait; 0: any number
  std::uint64_t max_bytes = 100u << 20;                   ///< of their bodies; 0: any number
  std::chrono::milliseconds ttl = std::chrono::hours(1);  ///< of a message that waits; 0: for ever
  std::chrono::milliseconds expires{0};  ///< goes when nobody used it for so long; 0: never
  Overflow overflow = Overflow::kRejectPublish;
  std::string dead_letter_exchange;  ///< gets what expired or was rejected; empty: it is dropped
  std::string dead_letter_key;       ///< empty: the key it had
};

struct Binding {
  std::string exchange, queue, key;
  friend bool operator==(const Binding&, const Binding&) = default;
};

struct Topology {
  std::vector<ExchangeSpec> exchanges;
  std::vector<QueueSpec> queues;
  std::vector<Binding> bindings;
};

/// What the broker has otherwise than it was asked for.
struct Difference {
  std::string what;    ///< "queue 'm8.work.0'"
  std::string name;    ///< "x-max-length"; empty: the whole thing is missing
  std::string wanted;  ///< "10000"
  std::string found;   ///< "2", "none"

  /// "queue 'm8.work.0': x-max-length is 2, 10000 was asked for"; "queue 'm8.work.0' is missing".
  std::string to_string() const;
};

/// A property of a queue or exchange by the broker's name for it.
struct Argument {
  std::string name;  ///< "x-max-length"
  std::variant<std::int64_t, bool, std::string> value;

  std::string text() const;  ///< "10000", "true", "reject-publish"
};

/// What differs from the broker's defaults, as "x-..." arguments of a declaration.
std::vector<Argument> arguments_of(const QueueSpec& queue);
std::vector<Argument> arguments_of(const ExchangeSpec& exchange);

/// The names of M8's own topology, all made from one prefix.
struct Names {
  std::string prefix = "m8";
  std::string exchange() const { return prefix + ".work"; }      ///< direct; has an alternate
  std::string work_queue(std::size_t i) const;                   ///< "m8.work.0"; also its key
  std::string unrouted() const { return prefix + ".unrouted"; }  ///< alternate, and its queue
  std::string dead_letters() const { return prefix + ".dead-letter"; }  ///< the same for the dead
};

/// The exchange for work, its \p work_queues queues (each like \p limits: of it the name and the
/// dead-letter exchange are replaced), the alternate exchange with the queue of what no queue took,
/// and the dead-letter exchange with its queue. The last two queues have no bounds: what is
/// dropped there is lost.
Topology standard_topology(const Names& names, const QueueSpec& limits, std::size_t work_queues);

}  // namespace m8::queue
