/// MemoryQueues: exchanges, queues and consumers as plain data: the inside of the memory broker.
///
/// Threads: every function but lock() needs the lock held by the caller.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "queue/broker.h"

namespace m8::queue {

/// A message in a queue.
struct Entry {
  explicit Entry(Message what) : message(std::move(what)) {}
  Message message;
  Address sent_to{};
  bool redelivered = false;
  std::vector<Death> deaths{};
  std::uint64_t tag = 0;    ///< its number in this broker, in order of arrival
  SteadyTime expires_at{};  ///< epoch: never
};

enum class Settled { kAcked, kRequeued, kRejected };
enum class Routed { kTaken, kFull, kNowhere };

class MemoryQueues {
 public:
  explicit MemoryQueues(Clock& clock) : clock_(clock) {}

  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  /// Wakes everybody who waits.
  void changed() { changed_.notify_all(); }
  void wait_until(std::unique_lock<std::mutex>& held, std::chrono::steady_clock::time_point when,
                  std::stop_token stop);

  Status declare(const Topology& topology);
  /// \p with_missing: what is not there counts.
  std::vector<Difference> compare(const Topology& topology, bool with_missing) const;
  Result<QueueState> inspect(const std::string& queue);
  Result<std::uint64_t> purge(const std::string& queue);
  void remove(const std::string& queue);

  /// Puts \p entry into every queue that takes it. If one is full and refuses, into none.
  Routed route(const Address& to, const Entry& entry);
  Status nowhere(const Address& to);

  Result<std::uint64_t> add_consumer(const std::string& queue, std::uint16_t prefetch);
  /// The next message for it; empty if there is none, or it holds its prefetch. kNotFound.
  Result<std::optional<Delivery>> take(std::uint64_t consumer);
  void settle(std::uint64_t consumer, std::uint64_t tag, Settled how);
  bool is_cancelled(std::uint64_t consumer) const;
  void cancel(std::uint64_t consumer);
  /// What it holds goes back.
  void end_consumer(std::uint64_t consumer);

  Result<std::vector<Delivery>> dead_letters(const DeadLetterFilter& filter);
  std::optional<Entry> take_letter(const std::string& queue, std::uint64_t tag);
  void put_back(const std::string& queue, Entry entry);

  BrokerStats& stats() { return stats_; }

 private:
  struct Queue {
    QueueSpec spec;
    std::deque<Entry> waiting{};  ///< by tag, but what was put back is at the front
    std::uint64_t bytes = 0;
    std::vector<std::uint64_t> consumers{};  ///< oldest first
    SteadyTime used{};
  };
  struct Holder {  ///< a consumer
    std::string queue;
    std::uint16_t prefetch = 1;
    bool cancelled = false;
    std::map<std::uint64_t, Entry> held{};
  };

  /// Ends what expired: messages, and queues that nobody used.
  void expire();
  void expire_heads(Queue& queue);
  void push(Queue& queue, Entry entry);
  Entry pop(Queue& queue);
  void dead_letter(Queue& from, Entry entry, const char* reason);
  void find(const Address& to, std::vector<Queue*>& out, int depth);
  bool is_full(const Queue& queue, const Entry& entry) const;
  bool may_take(std::uint64_t consumer, const Holder& holder, const Queue& queue) const;
  void drop_unused(const std::string& name);

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, ExchangeSpec> exchanges_;
  std::map<std::string, Queue> queues_;
  std::vector<Binding> bindings_;
  std::map<std::uint64_t, Holder> holders_;
  std::uint64_t next_number_ = 1;
  BrokerStats stats_;
};

/// 128 random bits, hexadecimal.
std::string new_message_id();
/// Whether \p key fits \p pattern of a topic exchange (AMQP 0-9-1, 3.1.3.3: "*" is one word, "#"
/// any number of them). O(words of both, multiplied).
bool topic_matches(std::string_view pattern, std::string_view key);
/// Whether \p filter wants \p delivery.
bool wants(const DeadLetterFilter& filter, const Delivery& delivery);
/// Adds one death to \p deaths: a known (queue, reason) is counted and comes first.
void add_death(std::vector<Death>& deaths, Death death);

}  // namespace m8::queue
