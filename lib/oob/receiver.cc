#include "oob/receiver.h"

#include <utility>

#include "base/log.h"

namespace m8::oob {
namespace {

/// What judging the last interactions may take.
constexpr auto kDrainLimit = std::chrono::seconds(10);
/// For the good-bye of a scan that was interrupted.
constexpr auto kLastCall = std::chrono::seconds(2);

/// Stops \p source when \p stop does, and after a while by itself.
class LastCall {
 public:
  explicit LastCall(Clock& clock)
      : thread_([this, &clock](const std::stop_token& own) {
          clock.sleep_until(clock.now() + kLastCall, own);
          source_.request_stop();
        }) {}
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Receiver>> Receiver::create(ReceiverOptions options, http::Session& session,
                                                   Clock& clock, std::stop_token stop) {
  auto client = M8_TRY(Client::connect(options.choice, session, clock, std::move(stop)));
  log::get("oob")->info("Using Interactsh Server: {}", client->server());
  return std::unique_ptr<Receiver>(new Receiver(std::move(options), std::move(client), clock));
}

Receiver::Receiver(ReceiverOptions options, std::unique_ptr<Client> client, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      client_(std::move(client)),
      correlator_(client_->correlation_id(), client_->domain(), options_.correlator, clock),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Receiver::~Receiver() {
  std::stop_source now;
  now.request_stop();
  finish(now.get_token());
}

void Receiver::run(const std::stop_token& stop) {
  SteadyTime next_register = clock_.now() + options_.register_interval;
  while (clock_.sleep_until(clock_.now() + options_.poll_interval, stop)) {
    if (correlator_.counts().urls > 0) poll(stop);
    if (clock_.now() < next_register) continue;
    (void)client_->register_again(stop);  // a failure shows at the next poll
    next_register = clock_.now() + options_.register_interval;
  }
}

void Receiver::poll(const std::stop_token& stop) {
  auto come = client_->poll(stop);
  if (!come.ok()) {
    if (come.error().code == ErrorCode::kCancelled) return;
    log::get("oob")->warn("poll of {}: {}", client_->server(), come.error().message);
    if (come.error().code == ErrorCode::kNotFound) (void)client_->register_again(stop);
    *health_.lock() = come.error();
    return;
  }
  *health_.lock() = {};
  for (model::Interaction& interaction : *come) {
    log::get("oob")->debug("[{}] Received {} interaction from {} at {}", interaction.full_id,
                           interaction.protocol, interaction.remote_address, interaction.timestamp);
    correlator_.deliver(std::move(interaction));
  }
}

void Receiver::finish(std::stop_token stop) {
  if (std::exchange(finished_, true)) return;
  const bool used = correlator_.counts().urls > 0;
  // Nobody waits for what nothing is held for any more.
  if (used && correlator_.counts().waiting > 0)
    clock_.sleep_until(clock_.now() + options_.cooldown, stop);
  thread_.request_stop();
  thread_.join();
  if (used && !stop.stop_requested()) {
    poll(stop);
    correlator_.drain(kDrainLimit, stop);
  }
  {
    const LastCall last(clock_);
    (void)client_->deregister(last.token());
  }
  correlator_.clear();
}

}  // namespace m8::oob
