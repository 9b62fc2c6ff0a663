#include "queue/amqp_consumer.h"

#include <condition_variable>

#include <fmt/format.h>

#include "base/log.h"
#include "queue/unsettled.h"

namespace m8::queue::amqp {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAgain{500};     // after the broker closed the channel
constexpr milliseconds kGoodbye{5000};  // for the broker to take back what was held

enum class How : char { kAck, kRequeue, kReject };

struct Settlement {
  std::uint64_t tag = 0, epoch = 0;
  How how = How::kAck;
};

}  // namespace

/// What the user's side and the connection's side have in common.
struct AmqpConsumers::Shared {
  Shared(std::string from, std::uint16_t most) : queue(std::move(from)), prefetch(most) {}

  const std::string queue;
  const std::uint16_t prefetch;

  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Delivery> ready;
  std::vector<Settlement> settled;  ///< for the connection's thread
  std::uint64_t epoch = 0;          ///< of the channel that ready came by
  std::optional<Status> begun;      ///< the broker's first word
  std::optional<Error> end;
  bool cancelled = false;
  bool removed = false;  ///< the connection's side let go
};

/// The connection's side.
class AmqpConsumers::Inlet final : AmqpChannel {
 public:
  Inlet(AmqpConsumers& home, std::shared_ptr<Shared> shared)
      : home_(home), shared_(std::move(shared)) {}

  const Shared* shared() const { return shared_.get(); }

  void begin() {
    if (is_open() || ended_ || !home_.connection_.is_up()) return;
    if (const Status opened = home_.connection_.attach(*this); !opened.ok())
      return told(opened.error());
    unsettled_.clear();
    fresh_.clear();
    {
      std::lock_guard lock(shared_->mutex);
      ++shared_->epoch;
      shared_->ready.clear();
      if (shared_->cancelled) return;
    }
    auto& out = home_.connection_.out();
    put_qos(out, number(), shared_->prefetch);
    expect([](const Result<Reply>&) {});
    put_consume(out, number(), shared_->queue, tag_);
    expect([this](const Result<Reply>& reply) {
      if (reply.ok()) told({});
    });
  }

  /// Once in a turn: what came goes to the user, what the user settled to the broker.
  void turn() {
    std::vector<Settlement> settled;
    bool cancel = false;
    {
      std::lock_guard lock(shared_->mutex);
      settled.swap(shared_->settled);
      cancel = shared_->cancelled && !std::exchange(cancel_sent_, shared_->cancelled);
      for (Delivery& delivery : fresh_) {
        delivery.epoch = shared_->epoch;
        if (shared_->cancelled)
          settled.push_back({delivery.tag, delivery.epoch, How::kRequeue});
        else
          shared_->ready.push_back(std::move(delivery));
      }
      if (!fresh_.empty()) shared_->changed.notify_all();
      fresh_.clear();
    }
    if (cancel && is_open()) {
      put_cancel(home_.connection_.out(), number(), tag_);
      expect([](const Result<Reply>&) {});
    }
    if (!settled.empty()) settle(settled);
  }

  void remove(std::function<void()> done) {
    turn();
    home_.connection_.detach(*this, std::move(done));
  }

  void give_up(const Error& why) { told(why); }

 private:
  void received(MethodId id, Content content) override {
    if (id != MethodId::kBasicDeliver) return;
    unsettled_.delivered(content.tag);
    if (!content.readable.ok()) return refuse(content);
    Delivery delivery;
    delivery.message = std::move(content.message);
    delivery.queue = shared_->queue;
    delivery.sent_to = std::move(content.sent_to);
    delivery.redelivered = content.redelivered;
    delivery.deaths = std::move(content.deaths);
    delivery.tag = content.tag;
    auto stats = home_.stats_.lock();
    QueueCounts& ours = stats->queues[shared_->queue];
    ++stats->delivered;
    ++ours.delivered;
    if (delivery.redelivered) {
      ++stats->redelivered;
      ++ours.redelivered;
    }
    fresh_.push_back(std::move(delivery));
  }

  /// A message that nobody of us can read is put where people look.
  void refuse(const Content& content) {
    log::get("queue")->warn("queue={} a message that is not ours goes to the dead letters: {}",
                            shared_->queue, content.readable.error().message);
    unsettled_.rejected(content.tag);
    put_nack(home_.connection_.out(), number(), content.tag, false);
    auto stats = home_.stats_.lock();
    ++stats->rejected;
    ++stats->queues[shared_->queue].rejected;
  }

  void cancelled() override {
    told(Error{ErrorCode::kNotFound, fmt::format("queue '{}' does not exist", shared_->queue)});
  }

  void lost(const Error& why) override {
    unsettled_.clear();
    fresh_.clear();
    {
      std::lock_guard lock(shared_->mutex);
      ++shared_->epoch;
      shared_->ready.clear();
    }
    if (!home_.connection_.is_up() || ended_) return;
    const bool final = why.code == ErrorCode::kNotFound || why.code == ErrorCode::kDenied;
    bool unborn = false;
    {
      std::lock_guard lock(shared_->mutex);
      unborn = !shared_->begun;
    }
    if (final || unborn) return told(why);
    log::get("queue")->warn("queue={} the broker closed the channel: {}", shared_->queue,
                            why.message);
    auto& poller = home_.connection_.poller();
    poller.at(poller.now() + kAgain, [&home = home_, shared = shared_] {
      if (Inlet* inlet = home.find(shared.get())) inlet->begin();
    });
  }

  /// The broker's word on this consumer: good at its beginning, or its end.
  void told(const Status& word) {
    std::lock_guard lock(shared_->mutex);
    if (!shared_->begun) shared_->begun = word;
    if (!word.ok() && !shared_->end) shared_->end = word.error();
    ended_ = ended_ || !word.ok();
    shared_->changed.notify_all();
  }

  void settle(const std::vector<Settlement>& settled) {
    std::uint64_t epoch = 0;
    {
      std::lock_guard lock(shared_->mutex);
      epoch = shared_->epoch;
    }
    auto stats = home_.stats_.lock();
    QueueCounts& ours = stats->queues[shared_->queue];
    std::vector<std::uint64_t> acks;
    for (const Settlement& one : settled) {
      const bool live = is_open() && one.epoch == epoch;
      if (live && one.how == How::kAck) {
        acks.push_back(one.tag);
      } else if (live && unsettled_.rejected(one.tag)) {
        put_nack(home_.connection_.out(), number(), one.tag, one.how == How::kRequeue);
        ++(one.how == How::kRequeue ? stats->requeued : stats->rejected);
        ++(one.how == How::kRequeue ? ours.requeued : ours.rejected);
      } else {
        ++stats->stale;
      }
    }
    std::size_t known = 0;
    const auto send = unsettled_.acked(acks, known);
    stats->acked += known;
    ours.acked += known;
    stats->stale += acks.size() - known;
    if (send.up_to) put_ack(home_.connection_.out(), number(), *send.up_to, true);
    for (const std::uint64_t tag : send.single)
      put_ack(home_.connection_.out(), number(), tag, false);
  }

  AmqpConsumers& home_;
  std::shared_ptr<Shared> shared_;  ///< with the user's side
  const std::string tag_ = "m8";    ///< one consumer on a channel: any name will do
  Unsettled unsettled_;
  std::vector<Delivery> fresh_;  ///< came in this turn
  bool ended_ = false, cancel_sent_ = false;
};

/// The user's side.
class AmqpConsumers::Handle final : public Consumer {
 public:
  Handle(AmqpConsumers& home, std::shared_ptr<Shared> shared)
      : home_(home), shared_(std::move(shared)) {}

  ~Handle() override {
    home_.connection_.post([&home = home_, shared = shared_] {
      home.remove(shared, [shared] {
        std::lock_guard lock(shared->mutex);
        shared->removed = true;
        shared->changed.notify_all();
      });
    });
    // What it held is with the queue again when this returns, if the broker answers.
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, kGoodbye, [&] { return shared_->removed || shared_->end; });
  }

  Result<std::optional<Delivery>> next(milliseconds timeout, std::stop_token stop) override {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, stop, timeout, [&] {
      return !shared_->ready.empty() || shared_->end || shared_->cancelled;
    });
    if (!shared_->ready.empty()) {
      std::optional<Delivery> next(std::move(shared_->ready.front()));
      shared_->ready.pop_front();
      return next;
    }
    if (shared_->end && !shared_->cancelled) return *shared_->end;
    return std::optional<Delivery>();
  }

  Status ack(const Delivery& delivery) override { return settle(delivery, How::kAck); }
  Status reject(const Delivery& delivery, bool requeue) override {
    return settle(delivery, requeue ? How::kRequeue : How::kReject);
  }

  void cancel() override {
    {
      std::lock_guard lock(shared_->mutex);
      if (std::exchange(shared_->cancelled, true)) return;
      for (const Delivery& delivery : shared_->ready)
        shared_->settled.push_back({delivery.tag, delivery.epoch, How::kRequeue});
      shared_->ready.clear();
      shared_->changed.notify_all();
    }
    home_.connection_.wake();
  }

 private:
  Status settle(const Delivery& delivery, How how) {
    bool first = false;
    {
      std::lock_guard lock(shared_->mutex);
      first = shared_->settled.empty();
      shared_->settled.push_back({delivery.tag, delivery.epoch, how});
    }
    if (first) home_.connection_.wake();
    return {};
  }

  AmqpConsumers& home_;
  std::shared_ptr<Shared> shared_;  ///< with the connection's side
};

AmqpConsumers::AmqpConsumers(AmqpConnection& connection) : connection_(connection) {}
AmqpConsumers::~AmqpConsumers() = default;

Result<std::unique_ptr<Consumer>> AmqpConsumers::consume(const std::string& queue,
                                                         std::uint16_t prefetch,
                                                         std::stop_token stop) {
  // Shared by the handle and the connection's side.
  auto shared = std::make_shared<Shared>(queue, std::max<std::uint16_t>(prefetch, 1));
  auto handle = std::make_unique<Handle>(*this, shared);
  connection_.post([this, shared] { add(shared); });
  std::unique_lock lock(shared->mutex);
  const auto timeout = connection_.options().answer_timeout;
  shared->changed.wait_for(lock, stop, timeout, [&] { return shared->begun.has_value(); });
  if (shared->begun && shared->begun->ok()) return std::unique_ptr<Consumer>(std::move(handle));
  Error why{ErrorCode::kCancelled, "consume: stopped"};
  if (shared->begun)
    why = shared->begun->error();
  else if (!stop.stop_requested())
    why = {ErrorCode::kTimeout,
           fmt::format("consume: no answer of the broker within {} ms", timeout.count())};
  lock.unlock();
  return why;
}

void AmqpConsumers::add(std::shared_ptr<Shared> shared) {
  auto inlet = std::make_unique<Inlet>(*this, std::move(shared));
  Inlet& added = *inlet;
  inlets_.push_back(std::move(inlet));
  if (connection_.end()) return added.give_up(*connection_.end());
  added.begin();
}

void AmqpConsumers::remove(const std::shared_ptr<Shared>& shared, std::function<void()> done) {
  Inlet* inlet = find(shared.get());
  if (!inlet) return done();
  inlet->remove(std::move(done));
  std::erase_if(inlets_, [&](const auto& other) { return other.get() == inlet; });
}

AmqpConsumers::Inlet* AmqpConsumers::find(const Shared* shared) {
  for (const auto& inlet : inlets_)
    if (inlet->shared() == shared) return inlet.get();
  return nullptr;
}

void AmqpConsumers::up() {
  for (const auto& inlet : inlets_) inlet->begin();
}

void AmqpConsumers::down(const Error&) {}

void AmqpConsumers::given_up(const Error& why) {
  for (const auto& inlet : inlets_) inlet->give_up(why);
}

void AmqpConsumers::turn() {
  for (const auto& inlet : inlets_) inlet->turn();
}

}  // namespace m8::queue::amqp
