#include "queue/memory.h"

#include <fmt/format.h>

#include "queue/memory_queues.h"

namespace m8::queue {
namespace {

using std::chrono::milliseconds;

/// Waits no longer than this for what time alone brings: a message that expires elsewhere.
constexpr milliseconds kExpiryStep{50};

Error stopped(const char* what) { return {ErrorCode::kCancelled, std::string(what) + ": stopped"}; }

class MemoryConsumer final : public Consumer {
 public:
  MemoryConsumer(MemoryQueues& queues, std::string queue, std::uint64_t number)
      : queues_(queues), queue_(std::move(queue)), number_(number) {}
  ~MemoryConsumer() override {
    auto held = queues_.lock();
    queues_.end_consumer(number_);
    queues_.changed();
  }

  Result<std::optional<Delivery>> next(milliseconds timeout, std::stop_token stop) override {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    auto held = queues_.lock();
    while (true) {
      std::optional<Delivery> taken = M8_TRY(queues_.take(number_));
      if (taken || queues_.is_cancelled(number_)) return taken;
      const auto now = std::chrono::steady_clock::now();
      if (now >= deadline || stop.stop_requested()) return std::optional<Delivery>();
      queues_.wait_until(held, std::min(deadline, now + kExpiryStep), stop);
    }
  }
  Status ack(const Delivery& delivery) override {
    auto held = queues_.lock();
    queues_.settle(number_, delivery.tag, Settled::kAcked);
    queues_.changed();
    return {};
  }
  Status reject(const Delivery& delivery, bool requeue) override {
    auto held = queues_.lock();
    queues_.settle(number_, delivery.tag, requeue ? Settled::kRequeued : Settled::kRejected);
    queues_.changed();
    return {};
  }
  void cancel() override {
    auto held = queues_.lock();
    queues_.cancel(number_);
    queues_.changed();
  }

 private:
  MemoryQueues& queues_;
  const std::string queue_;
  const std::uint64_t number_;
};

class MemoryBroker final : public Broker {
 public:
  explicit MemoryBroker(Clock& clock) : clock_(clock), queues_(clock) {}

  std::string describe() const override { return "in this process"; }
  Status ping(std::stop_token) override { return {}; }

  Status declare(const Topology& topology, std::stop_token) override {
    auto held = queues_.lock();
    return queues_.declare(topology);
  }
  Result<std::vector<Difference>> compare(const Topology& topology, std::stop_token) override {
    auto held = queues_.lock();
    return queues_.compare(topology, true);
  }
  Result<QueueState> inspect(const std::string& queue, std::stop_token) override {
    auto held = queues_.lock();
    return queues_.inspect(queue);
  }
  Result<std::uint64_t> purge(const std::string& queue, std::stop_token) override {
    auto held = queues_.lock();
    const auto purged = queues_.purge(queue);
    queues_.changed();
    return purged;
  }
  Status remove_queue(const std::string& queue, std::stop_token) override {
    auto held = queues_.lock();
    queues_.remove(queue);
    queues_.changed();
    return {};
  }

  Status submit(const Address& to, Message message, Confirmed done, std::stop_token stop) override {
    M8_TRY(check_message(message));
    if (message.id.empty()) message.id = new_message_id();
    message.published = std::chrono::floor<std::chrono::seconds>(clock_.wall());
    Status sent = send(to, Entry(std::move(message)), stop);
    if (!sent.ok() && sent.error().code == ErrorCode::kCancelled) return sent;
    done(sent);
    return {};
  }

  Result<std::unique_ptr<Consumer>> consume(const std::string& queue, std::uint16_t prefetch,
                                            std::stop_token) override {
    auto held = queues_.lock();
    const std::uint64_t number = M8_TRY(queues_.add_consumer(queue, prefetch));
    return std::unique_ptr<Consumer>(std::make_unique<MemoryConsumer>(queues_, queue, number));
  }

  Result<std::vector<Delivery>> dead_letters(const DeadLetterFilter& filter,
                                             std::stop_token) override {
    auto held = queues_.lock();
    return queues_.dead_letters(filter);
  }

  Result<std::size_t> replay(const DeadLetterFilter& filter, std::stop_token stop) override {
    const auto letters = M8_TRY(dead_letters(filter, stop));
    std::size_t sent = 0;
    for (const Delivery& letter : letters) {
      const Status status = replay_one(filter.queue, letter, stop);
      if (status.ok()) ++sent;
      if (!status.ok() && status.error().code == ErrorCode::kCancelled) return status.error();
    }
    return sent;
  }

  BrokerStats stats() const override {
    auto held = queues_.lock();
    return queues_.stats();
  }

 private:
  /// Waits for room. kNotFound if nothing takes it.
  Status send(const Address& to, Entry entry, std::stop_token stop) {
    auto held = queues_.lock();
    ++queues_.stats().published;
    while (true) {
      const Routed routed = queues_.route(to, entry);
      if (routed == Routed::kTaken) break;
      if (routed == Routed::kNowhere) return queues_.nowhere(to);
      if (stop.stop_requested()) return stopped("publish");
      queues_.wait_until(held, std::chrono::steady_clock::now() + kExpiryStep, stop);
    }
    ++queues_.stats().confirmed;
    queues_.changed();
    return {};
  }

  Status replay_one(const std::string& from, const Delivery& letter, std::stop_token stop) {
    std::optional<Entry> entry;
    {
      auto held = queues_.lock();
      entry = queues_.take_letter(from, letter.tag);
    }
    if (!entry) return Error{ErrorCode::kNotFound, "replay: somebody else took it"};
    Entry fresh(entry->message);
    Status sent = send(letter.deaths.front().sent_to, std::move(fresh), stop);
    if (sent.ok()) return sent;
    auto held = queues_.lock();
    queues_.put_back(from, std::move(*entry));
    queues_.changed();
    return sent;
  }

  Clock& clock_;
  mutable MemoryQueues queues_;
};

}  // namespace

std::unique_ptr<Broker> make_memory_broker(Clock& clock) {
  return std::make_unique<MemoryBroker>(clock);
}

}  // namespace m8::queue
