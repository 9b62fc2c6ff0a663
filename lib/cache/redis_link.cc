#include "cache/redis_link.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "metrics/metrics.h"

namespace m8::cache {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestPoll{200};
constexpr milliseconds kLastAnswers{1'000};
constexpr int kMostLate = 3;  // in a row: then it is as good as gone

std::size_t bytes_of(const RedisLink::Commands& commands) {
  std::size_t bytes = 64;
  for (const auto& command : commands)
    for (const auto& word : command) bytes += word.size() + 16;
  return bytes;
}

/// \p delay, or up to a half more: not all come back at the same moment.
milliseconds jittered(milliseconds delay) {
  std::uint32_t random = 0;
  random_bytes(&random, sizeof random);
  return delay + milliseconds(static_cast<std::int64_t>(random) % (delay.count() / 2 + 1));
}

/// What speaks against a Redis that answered its login like this.
std::optional<Error> refusal_in(const RedisLink::Replies& replies) {
  for (const auto& reply : replies) {
    if (reply.kind == RedisReply::Kind::kError)
      return Error{reply.text.starts_with("LOADING") ? ErrorCode::kNetwork : ErrorCode::kDenied,
                   reply.text.substr(0, 200)};
  }
  if (replies.back().text != "PONG")
    return Error{ErrorCode::kProtocol, "not a Redis: no answer to PING"};
  return std::nullopt;
}

/// Handles of the results that matter on the way of every look-up are kept.
void count_call(const Result<RedisLink::Replies>& result, std::chrono::nanoseconds took) {
  const auto handle = [](const char* of) -> metrics::Histogram& {
    return metrics::Registry::process().histogram(metrics::kServiceCalls, {"redis", "ask", of});
  };
  static metrics::Histogram& good = handle("ok");
  (result.ok() ? good : handle(to_string(result.error().code))).observe(took);
}

}  // namespace

struct RedisLink::Batch {
  Commands commands;
  std::size_t expected = 0;  ///< replies
  std::size_t bytes = 0;
  milliseconds timeout{0};
  Done done;
  Replies replies;
  std::optional<std::uint64_t> timer;
  SteadyTime asked{};  ///< of the server
  bool over = false;
};

Result<std::unique_ptr<RedisLink>> RedisLink::start(Options options) {
  net::Poller poller = M8_TRY(net::Poller::create());
  std::unique_ptr<RedisLink> link(new RedisLink(std::move(options), std::move(poller)));
  link->thread_ = std::jthread([raw = link.get()](std::stop_token stop) { raw->run(stop); });
  return link;
}

RedisLink::RedisLink(Options options, net::Poller poller)
    : options_(std::move(options)), poller_(std::move(poller)), delay_(options_.retry_delay) {}

RedisLink::~RedisLink() {
  thread_.request_stop();
  poller_.wake();
  if (thread_.joinable()) thread_.join();
}

// ---- any thread ---------------------------------------------------------------------------------

void RedisLink::send(Commands commands, milliseconds timeout, Done done) {
  if (phase_.load(std::memory_order_relaxed) == Phase::kDown)
    return done(Error{ErrorCode::kNetwork, state()});
  auto batch = std::make_shared<Batch>();
  batch->bytes = bytes_of(commands);
  if (in_flight_bytes_.fetch_add(batch->bytes) + batch->bytes > options_.in_flight_bytes) {
    in_flight_bytes_.fetch_sub(batch->bytes);
    return done(Error{ErrorCode::kExhausted, "too much waits for its answer"});
  }
  batch->expected = commands.size();
  batch->commands = std::move(commands);
  batch->timeout = timeout;
  batch->done = std::move(done);
  poller_.post([this, batch = std::move(batch)]() mutable { take(std::move(batch)); });
}

Result<RedisLink::Replies> RedisLink::ask(Commands commands, milliseconds timeout) {
  // Shared with the callback, which may come after this has given up.
  struct Answer {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<Result<Replies>> result;
  };
  const auto answer = std::make_shared<Answer>();
  send(std::move(commands), timeout, [answer](Result<Replies> result) {
    const std::lock_guard lock(answer->mutex);
    answer->result = std::move(result);
    answer->came.notify_one();
  });
  std::unique_lock lock(answer->mutex);
  // The link tells of a late answer; unless it is looking up the name of its host.
  if (!answer->came.wait_for(lock, timeout + timeout / 2,
                             [&] { return answer->result.has_value(); }))
    return Error{ErrorCode::kTimeout, "no answer in time"};
  return *std::move(answer->result);
}

// ---- the link's thread --------------------------------------------------------------------------

void RedisLink::run(std::stop_token stop) {
  connect();
  while (!stop.stop_requested()) poller_.poll(kLongestPoll);
  const SteadyTime until = poller_.now() + kLastAnswers;
  while (in_flight_bytes_ > 0 && phase_ != Phase::kDown && poller_.now() < until)
    poller_.poll(milliseconds(10));
  ending_ = true;
  lost({ErrorCode::kCancelled, "stopped"});
  while (in_flight_bytes_ > 0) poller_.poll(milliseconds(1));  // what was posted meanwhile
}

void RedisLink::connect() {
  auto opened = RedisConnection::open(options_.url, poller_, *this);
  if (!opened.ok()) return lost(opened.error());
  connection_ = std::move(*opened);
  greet();
}

/// Login, database, and whether it answers at all.
void RedisLink::greet() {
  auto batch = std::make_shared<Batch>();
  const RedisUrl& url = options_.url;
  if (!url.password.empty() && url.user.empty()) batch->commands.push_back({"AUTH", url.password});
  if (!url.user.empty()) batch->commands.push_back({"AUTH", url.user, url.password});
  if (url.database != 0) batch->commands.push_back({"SELECT", std::to_string(url.database)});
  batch->commands.push_back({"PING"});
  batch->expected = batch->commands.size();
  batch->timeout = options_.connect_timeout;
  batch->done = [this](const Result<Replies>& replies) { greeted(replies); };
  write(std::move(batch));
}

void RedisLink::greeted(const Result<Replies>& replies) {
  if (!replies.ok()) {
    // A connection that is lost says so itself; one that is silent does not.
    if (replies.error().code == ErrorCode::kTimeout) lost(replies.error());
    return;
  }
  if (auto refusal = refusal_in(*replies)) {
    // Not now: the connection is in the middle of giving its replies.
    poller_.post([this, refusal = *std::move(refusal)] { lost(refusal); });
    return;
  }
  connections_.fetch_add(1, std::memory_order_relaxed);
  if (phase_.exchange(Phase::kUp) == Phase::kDown)
    log::get("cache")->info("{}: there again", options_.url.shown());
  *state_.lock() = "ok";
  for (auto& batch : std::exchange(waiting_, {})) {
    if (batch->timer) poller_.cancel(*batch->timer);
    if (!batch->over) write(std::move(batch));
  }
}

void RedisLink::take(std::shared_ptr<Batch> batch) {
  if (ending_) return finish(*batch, Error{ErrorCode::kCancelled, "stopped"});
  switch (phase_.load()) {
    case Phase::kUp:
      return write(std::move(batch));
    case Phase::kDown:
      return finish(*batch, Error{ErrorCode::kNetwork, state()});
    case Phase::kConnecting:
      batch->timer = poller_.at(poller_.now() + batch->timeout, [this, batch] {
        finish(*batch, Error{ErrorCode::kTimeout, "not connected yet"});
      });
      waiting_.push_back(std::move(batch));
  }
}

void RedisLink::write(std::shared_ptr<Batch> batch) {
  for (const auto& command : batch->commands) connection_->append(command);
  batch->commands.clear();
  batch->asked = poller_.now();
  batch->timer = poller_.at(poller_.now() + batch->timeout, [this, batch] { late(batch); });
  asked_.push_back(std::move(batch));
}

void RedisLink::replied(RedisReply reply) {
  if (asked_.empty()) return;  // nobody asked: the next real answer would be of another question
  const auto batch = asked_.front();
  batch->replies.push_back(std::move(reply));
  if (batch->replies.size() < batch->expected) return;
  asked_.pop_front();
  if (batch->over) return;
  if (phase_ == Phase::kUp) {
    late_in_a_row_ = 0;
    delay_ = options_.retry_delay;
  }
  finish(*batch, std::move(batch->replies));
}

void RedisLink::late(const std::shared_ptr<Batch>& batch) {
  finish(*batch, Error{ErrorCode::kTimeout,
                       "no answer within " + std::to_string(batch->timeout.count()) + " ms"});
  if (phase_ == Phase::kUp && ++late_in_a_row_ >= kMostLate)
    lost(
        {ErrorCode::kTimeout, "too slow: " + std::to_string(kMostLate) + " answers in a row late"});
}

void RedisLink::finish(Batch& batch, Result<Replies> result) {
  if (std::exchange(batch.over, true)) return;
  if (batch.timer) poller_.cancel(*batch.timer);
  if (batch.asked != SteadyTime{}) count_call(result, poller_.now() - batch.asked);
  in_flight_bytes_.fetch_sub(batch.bytes);
  if (batch.done) std::exchange(batch.done, nullptr)(std::move(result));
}

void RedisLink::lost(const Error& reason) {
  connection_.reset();
  late_in_a_row_ = 0;
  const Phase before = phase_.exchange(Phase::kDown);
  *state_.lock() = reason.message;
  if (before != Phase::kDown && !ending_)
    log::get("cache")->warn("{}: {}: going on without it", options_.url.shown(), reason.message);
  const Error error{reason.code == ErrorCode::kDenied ? reason.code : ErrorCode::kNetwork,
                    reason.message};
  for (const auto& batch : std::exchange(asked_, {})) finish(*batch, error);
  for (const auto& batch : std::exchange(waiting_, {})) finish(*batch, error);
  if (ending_ || std::exchange(retrying_, true)) return;
  poller_.at(poller_.now() + jittered(delay_), [this] {
    retrying_ = false;
    if (!ending_) connect();
  });
  delay_ = std::min(delay_ * 2, options_.retry_max_delay);
}

}  // namespace m8::cache
